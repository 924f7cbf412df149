"""The list of an image, as scanners read it."""

from hack.images.inventory import Package
from hack.images.sbom import document

PACKAGES = (
    Package("deb", "libstdc++6", "1:2.0+x", ("Expat", "GPL-2+", "odd"), "amd64"),
    Package("pypi", "Typing_Extensions", "4", ("Apache-2.0 OR MIT",)),
    Package("pypi", "bare", "1"),
)


def listed():
    """Return the list of an image of these."""
    return document("x", version="k", digest="sha256:ab", release="debian-12", packages=PACKAGES)


def test_every_package_is_a_component_with_its_url():
    """Names and versions are escaped as package URLs want it."""
    assert [
        "pkg:deb/debian/libstdc%2B%2B6@1%3A2.0%2Bx?arch=amd64&distro=debian-12",
        "pkg:pypi/typing-extensions@4",
        "pkg:pypi/bare@1",
    ] == [each["purl"] for each in listed()["components"]]


def test_licences_are_of_the_spdx_list_where_it_has_them():
    """Others keep their names, expressions stay whole, and none is made up."""
    debian, python, bare = listed()["components"]

    assert [
        {"license": {"id": "MIT"}},
        {"license": {"id": "GPL-2.0-or-later"}},
        {"license": {"name": "odd"}},
    ] == debian["licenses"]
    assert [{"expression": "Apache-2.0 OR MIT"}] == python["licenses"]
    assert "licenses" not in bare


def test_the_same_image_has_the_same_list():
    """Its number follows from the digest, which it names."""
    assert listed() == listed()
    assert [{"alg": "SHA-256", "content": "ab"}] == listed()["metadata"]["component"]["hashes"]
    assert listed()["serialNumber"].startswith("urn:uuid:")
