"""Trees: who is below whom, and how that is drawn."""

from controller.cli.drawing import data, lines
from controller.cli.paint import Brush
from tests.unit.controller.cli.made import NOW, condition, pod, thing, tree, waiting

ROOT = thing(
    "PeninOmegaCluster",
    "a",
    status={"conditions": [condition("Ready", "False", "ServicesNotReady", "Ω-META: 0 of 1")]},
)
BELOW = (
    thing("ConfigMap", "a-config-x1", owner="PeninOmegaCluster/a"),
    thing("Deployment", "a-meta", owner="PeninOmegaCluster/a", status={"updatedReplicas": 1}),
    thing("ReplicaSet", "a-meta-1", owner="Deployment/a-meta"),
    thing("ReplicaSet", "a-meta-0", owner="Deployment/a-meta", spec={"replicas": 0}),
    pod("a-meta-1-p", owner="ReplicaSet/a-meta-1", containers=[waiting("ErrImagePull", "denied")]),
    thing("Service", "a-meta", owner="PeninOmegaCluster/a", spec={"selector": {"x": "y"}}),
    thing("EndpointSlice", "a-meta-s", owner="Service/a-meta"),
    thing("ConfigMap", "foreign"),
)
PLAIN = Brush(is_on=False)


def drawn(root, *, everything=False, brush=PLAIN):
    """Return a tree as text."""
    return "\n".join(lines(root, brush=brush, now=NOW, everything=everything))


def test_a_tree_is_drawn():
    """Workloads come first, each below its owner; what nobody in it owns is not in it."""
    expected = """\
NAME                           READY   STATUS       AGE   REASON
PeninOmegaCluster/a            False   InProgress   60s   ServicesNotReady: Ω-META: 0 of 1
├─ Deployment/a-meta           0/1     InProgress   60s   PodsNotReady: 0 of 1 pods are ready
│  ├─ ReplicaSet/a-meta-1      0/1     InProgress   60s   PodsNotReady: 0 of 1 pods are ready
│  │  └─ Pod/a-meta-1-p        0/1     Failed       60s   ErrImagePull: container c cannot pull \
the image img:1: denied
│  └─ 1 older ReplicaSet (--all)
├─ Service/a-meta              0/0     InProgress   60s   NoEndpoints: it selects no pod
│  └─ EndpointSlice/a-meta-s   0/0     Current      60s
└─ ConfigMap/a-config-x1               Current      60s"""

    assert expected == drawn(tree(ROOT, *BELOW))


def test_all_shows_replica_sets_of_older_revisions():
    """They are kept to go back to, and in the way otherwise."""
    assert "a-meta-0" not in drawn(tree(ROOT, *BELOW))
    assert "a-meta-0" in drawn(tree(ROOT, *BELOW), everything=True)


def test_health_has_a_colour():
    """Red is what needs somebody; names keep the terminal's own colour."""
    found = drawn(tree(ROOT, *BELOW), brush=Brush(is_on=True))

    assert "\x1b[31mFailed\x1b[0m" in found
    assert "Pod/a-meta-1-p " in found


def test_a_message_cannot_steer_the_terminal():
    """Escape sequences in somebody's status are shown, not sent."""
    said = [condition("Ready", "False", "R", "\x1b[2J\x1b]0;gone\x07 really\u202e")]

    found = drawn(tree(thing("PeninOmegaCluster", "a", status={"conditions": said})))

    assert "R: ^[[2J^[]0;gone^G really\\u202e" in found


def test_a_circle_of_owners_ends():
    """Users can make one by hand; each object stands below the other once."""
    one = thing("ConfigMap", "one", owner="ConfigMap/two")
    two = thing("ConfigMap", "two", owner="ConfigMap/one")

    found = tree(one, one, two)

    assert ["one", "two"] == [each.thing.name for each in found.walk()]


def test_json_has_the_same_tree():
    """With identities, and children within their owners."""
    found = data(tree(ROOT, *BELOW))

    assert ("PeninOmegaCluster", "False", "InProgress") == (
        found["kind"],
        found["ready"],
        found["health"],
    )
    names = [each["name"] for each in found["children"]]
    assert ["a-meta", "a-meta", "a-config-x1"] == names
    assert "2026-01-01T11:59:00Z" == found["children"][0]["created"]


def test_services_are_ready_where_slices_may_not_be_listed():
    """What is not known is not held against it."""
    service = thing("Service", "a", owner="PeninOmegaCluster/a", spec={"selector": {"x": "y"}})

    (child,) = tree(ROOT, service).children

    assert child.seen.is_ready
