"""The claim of a ledger: what is applied, and what is refused in words."""

import pytest

from controller.runtime.ownership import Owner
from informers.meta import codec
from informers.snapshot import seal
from reconcilers.penin.api.spec import WormLedger
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster.claim import Claim, Verdict, condition, judge

OWNER = Owner(
    kind=PENIN_OMEGA_CLUSTER,
    snapshot=seal(
        codec.encode({"metadata": {"name": "a", "namespace": "n", "uid": "u", "generation": 1}})
    ),
)
LABELS = {"app": "penin-omega", "cluster": "a", "service": "ledger"}


def ledger(**spec):
    """Return what a user wants."""
    return codec.convert({"enabled": True, **spec}, WormLedger)


def cluster(**spec):
    """Return a cluster that wants a ledger."""
    body = {"metadata": {"generation": 1}, "spec": {"storage": {"wormLedger": spec}}}
    return codec.convert(body, PeninOmegaCluster)


def claim(*, size="10Gi", storage_class="standard", owners=(), phase="Bound"):
    """Return a claim as it is found."""
    references = [
        {"apiVersion": "penin.ai/v1alpha1", "kind": "PeninOmegaCluster", "name": "a", "uid": uid}
        for uid in owners
    ]
    return codec.convert(
        {
            "metadata": {"name": "a-ledger", "labels": LABELS, "ownerReferences": references},
            "spec": {
                "storageClassName": storage_class,
                "resources": {"requests": {"storage": size}},
            },
            "status": {"phase": phase},
        },
        Claim,
    )


def test_a_new_claim_belongs_to_nobody():
    """So that it outlives the cluster."""
    body = judge(OWNER, ledger(storageClass="fast-ssd", size="100Gi"), None).body

    assert "ownerReferences" not in body["metadata"]
    assert "fast-ssd" == body["spec"]["storageClassName"]
    assert {"storage": "100Gi"} == body["spec"]["resources"]["requests"]


def test_without_a_class_the_default_is_taken():
    """By leaving the field away: an empty one would mean none."""
    assert "storageClassName" not in judge(OWNER, ledger(), None).body["spec"]


def test_one_to_be_deleted_belongs_to_the_cluster():
    """The garbage collector takes it along."""
    body = judge(OWNER, ledger(deletionPolicy="Delete"), None).body

    assert ["u"] == [each["uid"] for each in body["metadata"]["ownerReferences"]]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, claim()),
        ({"size": "10240Mi"}, claim()),
        ({"storageClass": "standard"}, claim()),
        ({"deletionPolicy": "Delete"}, claim(owners=["u"])),
    ],
    ids=["as wanted", "the same size in other words", "the same class", "owned"],
)
def test_what_is_so_is_not_applied(wanted, found):
    """No request for a claim that is as it should be."""
    assert Verdict() == judge(OWNER, ledger(**wanted), found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"size": "20Gi"}, claim()),
        ({"deletionPolicy": "Delete"}, claim()),
        ({"deletionPolicy": "Retain"}, claim(owners=["u"])),
    ],
    ids=["larger", "no longer kept", "kept from now on"],
)
def test_what_can_change_is_applied(wanted, found):
    """It may grow, and be kept or not."""
    assert judge(OWNER, ledger(**wanted), found).body is not None


@pytest.mark.parametrize(
    ("wanted", "reason", "text"),
    [
        ({"size": "1Gi"}, "SizeCannotShrink", "has 10Gi and cannot shrink to 1Gi"),
        ({"storageClass": "fast-ssd"}, "StorageClassCannotChange", "cannot become fast-ssd"),
    ],
)
def test_what_cannot_change_is_refused_in_words(wanted, reason, text):
    """Nothing is applied; the condition says what to do."""
    verdict = judge(OWNER, ledger(**wanted), claim())

    assert verdict.body is None
    told = condition(cluster(enabled=True, **wanted), claim(), verdict)
    assert ("False", reason) == (told.status, told.reason)
    assert text in told.message


@pytest.mark.parametrize(
    ("found", "status", "reason"),
    [
        (None, "False", "Pending"),
        (claim(phase="Pending"), "False", "Pending"),
        (claim(), "True", "Bound"),
    ],
)
def test_the_condition_says_how_far_the_volume_is(found, status, reason):
    """Waiting, or there."""
    told = condition(cluster(enabled=True), found, Verdict())

    assert (status, reason) == (told.status, told.reason)


def test_a_class_that_is_not_there_is_a_reason_of_its_own():
    """That somebody has to mend it is told by an Event as well; that it waits is not."""
    text = "there is no StorageClass fast"
    told = condition(cluster(enabled=True), claim(phase="Pending"), Verdict(), hindrance=text)

    assert ("False", "NoStorageClass", text) == (told.status, told.reason, told.message)
