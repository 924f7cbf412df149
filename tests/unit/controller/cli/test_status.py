"""The table of objects, and that JSON tells the same."""

import io
from types import SimpleNamespace

import pytest

from controller.cli.paint import Brush
from controller.cli.verbs.status import _summary, _table
from tests.unit.controller.cli.made import NOW, condition, spoken, thing

HEALTHY = condition("Ready", "True", "AllServicesHealthy", "All services are running")
SLOW = condition("Ready", "False", "Slow", "0 of 1")


def shown(about):
    """Return the last column of the table."""
    screen = SimpleNamespace(brush=Brush(is_on=False), out=io.StringIO())
    session = SimpleNamespace(screen=screen, now=NOW, everywhere=False)
    head, row = _table(session, [about])
    return row[head.index("MESSAGE") :].strip()


@pytest.mark.parametrize(
    ("about", "reason", "message"),
    [
        (thing("PeninOmegaCluster", status={"conditions": [HEALTHY]}), "", HEALTHY["message"]),
        (thing("PeninOmegaCluster", status={"conditions": [SLOW]}), "Slow", "0 of 1"),
        (
            thing("PeninProposal", status=spoken("Rejected", "Frozen", "Finished", "True")),
            "Frozen",
            "m",
        ),
        (thing("ConfigMap"), "", ""),
    ],
    ids=["ready", "not ready", "a phase", "nothing to say"],
)
def test_json_has_the_message_of_the_table(about, reason, message):
    """There with the reason before it, here in a field of its own."""
    found = _summary(about)

    assert (reason, message) == (found["reason"], found["message"])
    assert ": ".join(filter(None, (reason, message))) == shown(about)
