"""What a cluster has for its ledger: the writer and its rights; and what is said of it."""

import pytest

from informers.meta import codec
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.ledger import desired
from reconcilers.penin.ledger.desired import Writing
from reconcilers.penin.ledger.entries import ConfigMap, Place
from reconcilers.penin.ledger.reconciler import condition


def cluster(*, enabled=True):
    """Return a cluster with a ledger."""
    spec = {"storage": {"wormLedger": {"enabled": enabled}}}
    return codec.convert(
        {"metadata": {"name": "a", "generation": 1}, "spec": spec}, PeninOmegaCluster
    )


WRITING = Writing(
    cluster=cluster(), place=Place(namespace="default", cluster="a"), image="pentad:1"
)


def test_the_writer_is_one_and_never_two():
    """It has the volume for itself, as an ordinary user with nothing else to write to."""
    spec = desired.deployment(WRITING)["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]

    assert (1, {"type": "Recreate"}) == (spec["replicas"], spec["strategy"])
    assert [{"name": "ledger", "persistentVolumeClaim": {"claimName": "a-ledger"}}] == pod[
        "volumes"
    ]
    assert ["ledger-writer", "--cluster=a", "--path=/ledger/ledger.jsonl", "--address=:8014"] == (
        container["args"]
    )
    assert (True, True) == (
        pod["securityContext"]["runAsNonRoot"],
        container["securityContext"]["readOnlyRootFilesystem"],
    )


def test_the_writer_may_read_entries_and_change_its_report_alone():
    """No Secret, no other namespace, nothing created and nothing deleted."""
    rules = desired.role(WRITING)["rules"]

    assert {("configmaps", "get"), ("configmaps", "list"), ("configmaps", "watch")} == {
        (name, verb)
        for rule in rules
        if "resourceNames" not in rule
        for name in rule["resources"]
        for verb in rule["verbs"]
    }
    (report,) = (rule for rule in rules if "resourceNames" in rule)
    assert (["a-ledger-head"], ["patch"]) == (report["resourceNames"], report["verbs"])


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"image": ""}, "ImageUnknown"),
        ({}, "NotReported"),
        ({"head": {"sequence": "3", "problem": "entry 2: changed"}}, "Blocked"),
        ({"head": {"sequence": "2", "problem": ""}}, "Behind"),
        ({"head": {"sequence": "3", "problem": ""}}, "Written"),
        ({"enabled": False}, "TurnedOff"),
    ],
)
def test_what_is_said(facts, reason):
    """Only a ledger that is wholly on its volume is written."""
    data = facts.get("head")
    found = condition(
        cluster(enabled=facts.get("enabled", True)),
        image=facts.get("image", "pentad:1"),
        newest=3,
        head=None if data is None else ConfigMap(data=data),
    )

    assert (reason, "True" if reason == "Written" else "False") == (found.reason, found.status)
