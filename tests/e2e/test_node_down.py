"""A real node leaves nothing behind (needs root).

The whole machine is looked at, so nothing else that makes interfaces or rules may run meanwhile: in
`make e2e` these tests are alone.
"""

from hack.cluster.cluster import Cluster
from tests.kit.machine import Snapshot


def test_down_leaves_nothing(tmp_path, monkeypatch):
    """Processes, mounts, interfaces, routes, rules, control groups and files are as before."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    before = Snapshot.take()
    cluster = Cluster.up("gone", node=True)
    seen = Snapshot.take().beyond(before)

    cluster.down()

    assert frozenset() == Snapshot.take().beyond(before)
    assert {"interface", "address", "route"} <= {each.split()[0] for each in seen}
    assert [] == list(tmp_path.iterdir())
