"""`make soak`: what a run does before anything is disturbed."""

import os

import pytest

from hack.soak import __main__ as soak


class NoRoomError(Exception):
    """Nothing is started here."""


def test_each_run_has_a_control_plane_of_its_own(monkeypatch):
    """Two at once neither write into nor remove each other's; one that is killed is swept away."""
    asked = []

    def up(name, *, owner_pid):
        asked.append((name, owner_pid))
        raise NoRoomError

    monkeypatch.setattr(soak.Cluster, "up", up)
    for _ in range(2):
        with pytest.raises(NoRoomError):
            soak.main(["--seconds=1"])

    assert 2 == len({name for name, _ in asked})
    assert {os.getpid()} == {owner for _, owner in asked}
