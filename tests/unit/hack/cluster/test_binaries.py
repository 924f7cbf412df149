"""Which programs are taken: found if they fit, cached, or built."""

import asyncio
import io

import pytest

from hack.cluster import binaries, bundles
from hack.cluster.progress import Progress
from hack.cluster.releases import resolve
from tests.unit.hack.cluster.conftest import program

QUIET = Progress(io.StringIO())


@pytest.fixture
def places(tmp_path, monkeypatch, bundle, go):
    """Look for the bundle `one`, `two` in empty places; return those places."""
    assets = tmp_path / "assets"
    assets.mkdir()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    monkeypatch.setattr(binaries, "bundles", lambda *_, **__: (bundle,))
    monkeypatch.setattr(binaries, "_PATIENCE", 1.0)
    return {"assets": assets, "path": go.folder, "cache": bundle.folder}


def says(version):
    """Return a program that says it is of that version."""
    return f"#!/bin/sh\necho 'Kubernetes v{version}'\n"


def provide(asked="1.36"):
    """Return the folder each program was taken from."""
    found = asyncio.run(binaries.provide(resolve(asked), progress=QUIET))
    return {name: path.rsplit("/", 1)[0] for name, path in found.items()}


@pytest.mark.parametrize(
    ("version", "asked", "fits"),
    [
        ("1.36.3", "1.36", True),
        ("1.36.1", "1.36", True),
        ("1.36.1", "1.36.3", False),
        ("1.36.3", "1.36.3", True),
        ("1.35.4", "1.36", False),
        ("1.36.3-dispatcher", "1.36", False),
    ],
)
def test_found_program_is_taken_if_it_fits(places, version, asked, fits):
    """The minor has to be the asked one, and the exact version if that was asked for."""
    program(places["assets"] / "one", says(version))

    taken = provide(asked)

    assert taken["one"] == str(places["assets"] if fits else places["cache"])


def test_order_of_places(places, go):
    """KUBEBUILDER_ASSETS comes before PATH, PATH before the cache, the cache before a build."""
    for place in ("cache", "path", "assets"):
        program(places[place] / "one", says("1.36.3"))
    program(places["path"] / "two", says("1.36.3"))
    program(places["cache"] / "two", says("1.36.3"))

    assert provide() == {"one": str(places["assets"]), "two": str(places["path"])}
    (places["assets"] / "one").unlink()
    (places["path"] / "two").unlink()
    assert provide() == {"one": str(places["path"]), "two": str(places["cache"])}
    assert [] == go.calls("build")


@pytest.mark.parametrize(
    "text",
    ["#!/bin/sh\nexec sleep 60\n", "#!/no/such/interpreter\n", "#!/bin/sh\nexit 3\n"],
    ids=["hangs", "does not start", "says nothing"],
)
def test_broken_program_is_passed_over(places, text):
    """A program that does not tell its version is not taken, nor waited for."""
    program(places["assets"] / "one", text)

    assert provide()["one"] == str(places["cache"])


def test_release_is_made_of_three_bundles():
    """All programs of a cluster are covered, and only a default comes from a committed graph."""
    made = bundles.bundles(resolve("1.36"))
    other = bundles.bundles(resolve("1.34"))

    assert [name for bundle in made for name in bundle.programs] == [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubectl",
        "etcd",
        "kwok",
    ]
    assert [True] * 3 == [bundle.is_committed for bundle in made]
    assert [False, True, True] == [bundle.is_committed for bundle in other]
