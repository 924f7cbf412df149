"""Ports for a new cluster."""

import pytest

from hack.cluster import ports
from hack.cluster.errors import ClusterError
from hack.cluster.layout import Layout
from hack.cluster.record import Ports, Record


@pytest.fixture
def all_free(monkeypatch):
    """Let every port be free, without opening sockets."""
    monkeypatch.setattr(ports, "_is_free", lambda _: True)


@pytest.mark.usefixtures("all_free")
def test_ports_are_different_and_not_promised():
    """A cluster gets different ports, none of them taken by another cluster."""
    taken = frozenset(range(20_000, 32_000))

    chosen = ports.choose(taken)

    numbers = {getattr(chosen, field) for field in Ports.__struct_fields__}
    assert len(numbers) == len(Ports.__struct_fields__)
    assert not numbers & taken


def test_no_free_port_is_told(monkeypatch):
    """When nothing is free, that is said."""
    monkeypatch.setattr(ports, "_is_free", lambda _: False)

    with pytest.raises(ClusterError, match="no free ports"):
        ports.choose(())


def test_ports_of_stopped_clusters_stay_promised(tmp_path, monkeypatch):
    """A cluster that does not run keeps its ports for when it is started again."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    layout = Layout.of("other")
    layout.root.mkdir(parents=True)
    mine = Ports(etcd=1, apiserver=2, controller_manager=3, scheduler=4, kwok=5)
    Record(kubernetes="1.36.3", binaries={}, ports=mine).write(layout)

    assert {1, 2, 3, 4, 5} == set(ports.promised())


def test_damaged_neighbour_does_not_stop_a_new_cluster(tmp_path, monkeypatch):
    """A cluster whose record cannot be read promises nothing, and is nobody else's problem."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    layout = Layout.of("other")
    layout.root.mkdir(parents=True)
    layout.record.write_text("{")

    assert set() == set(ports.promised())
