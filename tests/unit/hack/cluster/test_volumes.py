"""Volumes of one cluster are told from all others'."""

import os
import stat

import pytest

from hack.cluster import volumes
from hack.cluster.layout import Layout


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Return a stand-in for the provisioner's folder."""
    monkeypatch.setattr(volumes, "ROOT", tmp_path / "hostpath_pv")
    volumes.share()
    return volumes.ROOT


@pytest.fixture
def layout(tmp_path):
    """Return a cluster with an etcd that has written files."""
    made = Layout(tmp_path / "cluster")
    for folder in ("wal", "snap"):
        (made.etcd_data / "member" / folder).mkdir(parents=True)
    (made.etcd_data / "member/wal/1.wal").touch()
    return made


def volume(root, name):
    """Make a volume with something in it."""
    (root / name).mkdir()
    (root / name / "data").write_text("x")
    return root / name


def test_everybody_may_make_volumes(root):
    """The shared folder is writable for all users, who cannot remove each other's."""
    volumes.share()

    assert stat.S_IMODE(root.stat().st_mode) == 0o1777


@pytest.mark.parametrize("file", ["wal/2.wal", "snap/db"])
def test_only_its_own_volumes_go(root, layout, file):
    """A volume goes if the cluster's etcd has written of it; another's stays."""
    own, other = volume(root, "own"), volume(root, "other")
    (layout.etcd_data / "member" / file).write_bytes(b"\0" * 5000 + str(own).encode() + b"\x12\0")

    volumes.remove(layout, is_last=True)

    assert not own.exists()
    assert other.exists()


def test_empty_folder_goes_with_the_last_volume(root, layout):
    """Nothing is left when no cluster has volumes."""
    own = volume(root, "own")
    (layout.etcd_data / "member/wal/1.wal").write_text(str(own))

    volumes.remove(layout, is_last=True)
    volumes.remove(layout, is_last=True)

    assert not root.exists()


def test_the_folder_stays_as_long_as_others_may_make_volumes(root, layout):
    """A provisioner would make it anew, for its own user alone."""
    volumes.remove(layout, is_last=False)

    assert root.exists()


def test_a_folder_that_may_not_be_read_has_nothing_of_ours(root, layout, monkeypatch):
    """An ordinary user can end a cluster whatever others have made there."""
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything
    other = volume(root, "other")

    volumes.remove(layout, is_last=True)

    assert other.exists()
