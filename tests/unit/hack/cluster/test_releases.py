"""What a requested version means."""

import pytest

from hack.cluster.errors import UsageError
from hack.cluster.releases import DEFAULT, PINNED, Version, resolve


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kubernetes v1.36.3", Version(1, 36, 3)),
        ("etcd Version: 3.6.8\nGit SHA: x", Version(3, 6, 8)),
        ("kwok version v0.8.0 go1.26.8 (linux/amd64)", Version(0, 8, 0)),
        ("Client Version: v1.36.3\nKustomize Version: v5.8.1", Version(1, 36, 3)),
        ("Client Version: v1.36.3-dispatcher", None),
        ("v1.37.0-alpha.1", None),
        ("Kubernetes v1.36.3+k3s1", None),
        ("1.36", None),
        ("", None),
    ],
)
def test_version_is_found_in_what_a_program_says(text, expected):
    """Plain releases are recognised; builds of others and pre-releases are not taken for one."""
    assert expected == Version.find(text)


def test_versions_compare_as_numbers():
    """1.9 is older than 1.36."""
    assert Version(1, 9, 12) < Version(1, 36, 3)


@pytest.mark.parametrize(
    ("asked", "kubernetes", "is_exact"),
    [
        (DEFAULT, PINNED[DEFAULT], False),
        ("v" + DEFAULT, PINNED[DEFAULT], False),
        ("1.34.2", "1.34.2", True),
        (" 1.36.1 ", "1.36.1", True),
    ],
)
def test_request_resolves(asked, kubernetes, is_exact):
    """A minor gets its pinned patch release; an exact version is taken as it stands."""
    release = resolve(asked)

    assert (kubernetes, is_exact) == (str(release.kubernetes), release.is_exact)


def test_only_the_default_has_a_committed_module_graph():
    """The committed graph is that of the pinned default and of no other patch release."""
    assert resolve(DEFAULT).is_default
    assert not resolve("1.36.1").is_default


@pytest.mark.parametrize("asked", ["latest", "1", "2.0", "1.36.x", "1.36.3.1", "", "1.5"])
def test_impossible_request_names_what_to_write(asked):
    """A request that cannot be met says what can be written instead."""
    with pytest.raises(UsageError, match=r"--kubernetes"):
        resolve(asked)
