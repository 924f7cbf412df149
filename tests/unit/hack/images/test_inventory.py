"""What is installed is read from the files that say so."""

import pytest

from hack.images import inventory
from hack.images.inventory import Package

STATUS = b"""\
Package: libx
Status: install ok installed
Architecture: amd64
Version: 1:2.0-1+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
"""
COPYRIGHT = b"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ and BSD-3-clause

Files: x
License: Expat
 Permission is hereby granted
"""
FILES = {
    "var/lib/dpkg/status": STATUS,
    "usr/share/doc/libx/copyright": COPYRIGHT,
    "usr/lib/os-release": b'ID=debian\nVERSION_ID="12"\n',
    "image/packages/y-3.dist-info/METADATA": b"Name: Y\nVersion: 3\nLicense-Expression: MIT\n",
}


def test_both_kinds_are_found():
    """With versions, licences and architecture, in order."""
    assert (
        Package("deb", "libx", "1:2.0-1+deb12u1", ("BSD-3-clause", "Expat", "GPL-2+"), "amd64"),
        Package("pypi", "Y", "3", ("MIT",)),
    ) == inventory.packages(FILES, {})


def test_documents_may_be_those_of_another_package():
    """As libraries that are built together have them."""
    files = FILES | {"usr/share/doc/both/copyright": FILES["usr/share/doc/libx/copyright"]}
    del files["usr/share/doc/libx/copyright"]
    debian, _ = inventory.packages(files, {"usr/share/doc/libx": "both"})

    assert ("BSD-3-clause", "Expat", "GPL-2+") == debian.licences


def test_the_release_is_found():
    """As package URLs name it."""
    assert "debian-12" == inventory.release(FILES)


def test_what_is_read_is_what_is_told():
    """The files above are asked for, others are not."""
    assert all(inventory.is_told(name) for name in FILES)
    assert not inventory.is_told("usr/bin/python3.11")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("On Debian it is found in /usr/share/common-licenses/LGPL-2.1.", ("LGPL-2.1",)),
        ("Do what you want.\nLicense: none that can be read", ()),
        ("Format: x\nLicense: GPL-2+ or Artistic, and MIT\n", ("Artistic", "GPL-2+", "MIT")),
    ],
    ids=["nothing", "reference", "prose", "formatted"],
)
def test_licences_of_debian(text, expected):
    """Read where they are said in a form that can be read, and not guessed elsewhere."""
    assert expected == inventory.licences(text)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License: BSD", ("BSD",)),
        ("License: UNKNOWN", ()),
        ("License: Copyright\n        and a whole text", ()),
        ("Classifier: License :: OSI Approved :: MIT License", ("MIT License",)),
        ("License: x\nLicense-Expression: Apache-2.0 OR MIT", ("Apache-2.0 OR MIT",)),
    ],
    ids=["name", "unknown", "text", "classifier", "expression"],
)
def test_licences_of_python(metadata, expected):
    """The most exact of the places where they may stand."""
    files = {"p/z-1.dist-info/METADATA": f"Name: z\nVersion: 1\n{metadata}\n".encode()}

    assert expected == inventory.packages(files, {})[0].licences
