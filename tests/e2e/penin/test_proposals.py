"""SR-Ω∞ proposes from its own pod, under its own token: kept, taken back, refused, written down."""

import subprocess
import sys

import pytest

from hack.gen.__main__ import ROOT
from reconcilers.penin.api.proposal import PENIN_PROPOSAL
from tests.e2e.penin.world import PATIENCE
from tests.kit.eventually import eventually_blocking

pytestmark = pytest.mark.timeout(420)
REFLECTION = "sr-omega-infinity"
POLICY = {
    "enabled": True,
    "fields": ["replicas.*", "config.caosPlus.maxBoost"],
    "bounds": [
        {"field": "replicas.*", "min": "1", "max": "3", "step": "1"},
        {"field": "config.caosPlus.maxBoost", "min": "0", "max": "1", "step": "1"},
    ],
    "settle": "60s",
    "soak": "40s",
    "cooldown": "0s",
    "guards": [{"metric": "srScore", "mustNot": "Fall", "relative": 0.05}],
}
SPOIL = """
path = "/ledger/ledger.jsonl"
content = bytearray(open(path, "rb").read())
content[40] ^= 1
open(path, "wb").write(content)
"""


@pytest.fixture
def architected(running, volume):
    """Return a cluster that lets itself be changed, its figures known."""
    ledger = {"enabled": True, "size": "64Mi", "storageClass": volume, "deletionPolicy": "Delete"}
    penin = running(selfArchitecting=POLICY, storage={"wormLedger": ledger})
    penin.becomes("Running", lambda found: "metrics" in found["status"])
    return penin


def proposal(name, change, **more):
    """Return a proposal as SR-Ω∞ sends it."""
    return {
        "apiVersion": "penin.ai/v1alpha1",
        "kind": "PeninProposal",
        "metadata": {"name": name},
        "spec": {"cluster": "a", "change": change, "rationale": "a bottleneck", **more},
    }


def ends(penin, name, phase):
    """Wait until a proposal has ended so; return it."""
    path = PENIN_PROPOSAL.path(penin.namespace, name)

    def is_so(found):
        return found.get("status", {}).get("phase") == phase

    return eventually_blocking(lambda: penin.rest.get(path), where=is_so, within=PATIENCE)


def verified(real, penin):
    """Return how the command line judges the ledger, and what it says."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "controller", "cli", "ledger", "verify", "a"),
            *(f"--namespace={penin.namespace}", f"--kubeconfig={real.kubeconfig}"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_helps_is_kept_and_what_hurts_is_taken_back(architected, real, ask):
    """Each decision is in the ledger, on its volume; one byte that is changed there is found."""
    penin = architected
    told = penin.post(REFLECTION, "propose", proposal("more", {"replicas": {"sigmaGuard": 2}}))
    assert (
        f"system:serviceaccount:{penin.namespace}:a-{REFLECTION}"
        == (told["spec"]["proposer"]["username"])
    )
    ends(penin, "more", "Kept")
    assert 2 == len(penin.pods("sigma-guard"))

    boost = {"config": {"caosPlus": {"maxBoost": 0.9}}}
    penin.post(REFLECTION, "propose", proposal("boost", boost))
    ends(penin, "boost", "Reverted")
    penin.becomes("Running")
    spec = penin.now()["spec"]
    assert (0.05, 2) == (spec["config"]["caosPlus"]["maxBoost"], spec["replicas"]["sigmaGuard"])

    eventually_blocking(
        lambda: verified(real, penin), where=lambda judged: judged[0] == 0, within=PATIENCE
    )
    (writer,) = penin.pods("ledger-writer")
    ask("exec", writer, f"-n={penin.namespace}", "--", "python", "-c", SPOIL)
    code, said = verified(real, penin)
    assert 0 != code, said


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (proposal("forged", {}, proposer={"username": "system:admin", "uid": "1"}), "proposer"),
        (proposal("far", {}) | {"spec": {"cluster": "b"}}, "may not propose for b"),
    ],
    ids=["in another's name", "for another cluster"],
)
def test_a_forged_proposal_is_refused(running, body, text):
    """At the door, by name of the field."""
    penin = running(selfArchitecting=POLICY)
    change = {"change": {"replicas": {"sigmaGuard": 2}}, "rationale": "a bottleneck"}
    answer = penin.send(REFLECTION, "propose", body | {"spec": change | body["spec"] | change})

    assert answer.status in {403, 422}, answer.body
    assert text in answer.body["message"]


@pytest.mark.deep
def test_other_services_have_no_token(running):
    """Only SR-Ω∞ is somebody to the API server."""
    penin = running(selfArchitecting=POLICY)

    answer = penin.send("omega-meta", "propose", proposal("p", {"replicas": {"sigmaGuard": 2}}))

    assert answer.status >= 400
    mounted = {
        service: [
            pod["spec"]["automountServiceAccountToken"] for pod in penin.pods(service).values()
        ]
        for service in ("omega-meta", "sigma-guard", "acfa-league", REFLECTION)
    }
    assert [REFLECTION] == [service for service, tokens in mounted.items() if any(tokens)]
