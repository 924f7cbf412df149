"""Where things are kept."""

from pathlib import Path

import pytest

from hack.cluster.errors import UsageError
from hack.cluster.layout import Layout, cache_home, clusters_home


def test_xdg_variables_win(monkeypatch):
    """Absolute XDG folders are used."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    monkeypatch.setenv("XDG_STATE_HOME", "/s")

    assert Path("/c/pentad") == cache_home()
    assert Path("/s/pentad/clusters") == clusters_home()


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_home_is_the_fallback(monkeypatch, value):
    """An empty or relative XDG folder counts as not set."""
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    monkeypatch.setenv("XDG_STATE_HOME", value)

    assert Path("/home/me/.cache/pentad") == cache_home()
    assert Path("/home/me/.local/state/pentad/clusters") == clusters_home()


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/b", "-a", "a-", "A", "a b", "x" * 41, "ä"],
    ids=lambda name: name or "empty",
)
def test_unsafe_name_is_refused(name):
    """A name cannot leave the folder of clusters, nor break a context name."""
    with pytest.raises(UsageError, match="--name"):
        Layout.of(name)


@pytest.mark.parametrize("name", ["a", "local", "a-1", "x" * 40])
def test_safe_name_is_a_folder(name):
    """A name is the folder's, and its lock lies beside the folder."""
    layout = Layout.of(name)

    assert clusters_home() / name == layout.root
    assert clusters_home() / f"{name}.lock" == layout.lock
