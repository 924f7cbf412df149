"""A winner goes into the cluster's spec where that was asked for, and nothing else does."""

import attrs
import pytest

from informers.meta import codec
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.experiment.promotion import is_promoted, promotion
from tests.unit.reconcilers.penin.experiment.test_progress import SETTLED, pair, scene
from tests.unit.reconcilers.penin.experiment.world import made

IMAGE = "ghcr.io/danielgonzagat/penin-omega-meta:1.0.0"
WON = {"phase": "Finished", "verdict": "Win", "champion": {"revision": pair().champion.hash}}


def finished(status=None, *, annotations=None, found=None, **changes):
    """Return a finished experiment and what is found around it."""
    experiment = made(status={**WON, **(status or {})}, annotations=annotations, **changes)
    return attrs.evolve(scene(), experiment=experiment, **(found or {}))


CASES = {
    "by itself": (finished(promotion="Automatic"), "Promoting"),
    "asked": (finished(annotations={"penin.ai/promote": "true"}), "Promoting"),
    "asked wrongly": (finished(annotations={"penin.ai/promote": "yes"}), "WaitsForApproval"),
    "not asked": (finished(), "WaitsForApproval"),
    "lost": (finished({"verdict": "Lose"}, promotion="Automatic"), "NotWon"),
    "open": (
        finished({"verdict": "Inconclusive"}, annotations={"penin.ai/promote": "true"}),
        "NotWon",
    ),
    "no cluster": (finished(promotion="Automatic", found={"cluster": None}), "ClusterGone"),
    "another champion": (
        finished({"champion": {"revision": "other"}}, promotion="Automatic"),
        "ChampionChanged",
    ),
}


@pytest.mark.parametrize(("found", "reason"), CASES.values(), ids=CASES)
def test_who_is_promoted(found, reason):
    """Only Promoting comes with something to write."""
    decided = promotion(found)

    assert reason == decided.reason
    assert (reason == "Promoting") == (decided.change is not None)


def test_only_what_differs_is_written():
    """A version is the image of the one service that was tried."""
    decided = promotion(finished(promotion="Automatic"))

    assert {"images": {"services": {"omegaMeta": IMAGE}}} == decided.change


def test_what_is_in_the_spec_was_promoted():
    """By us before we could say so, or by a person."""
    spec = {"images": {"services": {"omegaMeta": IMAGE}}}
    cluster = codec.convert(
        {"metadata": {"name": "a"}, "spec": spec, "status": SETTLED}, PeninOmegaCluster
    )

    assert promotion(finished(found={"cluster": cluster})).is_so


def test_the_message_says_what_to_run():
    """Both ways, to be copied."""
    message = promotion(finished()).message

    assert "kubectl -n n annotate pexp e penin.ai/promote=true" in message
    patch = f'{{"spec":{{"images":{{"services":{{"omegaMeta":"{IMAGE}"}}}}}}}}'
    assert f"kubectl -n n patch peninaomegaclusters a --type=merge -p '{patch}'" in message


def test_promoted_once_is_promoted():
    """Whatever becomes of the spec later."""
    condition = {"type": "Promoted", "status": "True", "reason": "Promoted"}

    assert is_promoted(made(status={"conditions": [condition]}))
    assert not is_promoted(made())
