"""The verb of ledgers: what it takes, and that it starts without the machinery."""

import io
import subprocess
import sys
from argparse import Namespace
from types import SimpleNamespace

import pytest

from controller.cli.errors import FINE, NoAnswer, WrongUse
from controller.cli.paint import Brush
from controller.cli.screen import Screen
from controller.cli.verbs.ledger import _split, hindrances, run
from informers.errors import Forbidden, NotFound
from tests.unit.controller.cli.made import condition, thing

OFF = condition("LedgerReady", "False", "TurnedOff", "it is off")
MISSING = NoAnswer("there is no PeninOmegaCluster 'a' in namespace default")


class EmptyServer:
    """Has neither entries, nor a head, nor pods."""

    async def get(self, kind, name, *, namespace):
        """Find nothing."""
        raise NotFound(f"{kind.plural} {name!r} not found in {namespace}", code=404)

    async def list(self, kind, options):
        """Find nothing, either."""
        del kind, options
        return SimpleNamespace(items=[])


def session(found):
    """Return a session that finds this cluster, or fails so."""

    async def find(named):
        assert "a" == named.name
        if isinstance(found, Exception):
            raise found
        return found

    screen = Screen(
        out=io.StringIO(), err=io.StringIO(), form="text", brush=Brush(is_on=False),
        is_terminal=False,
    )  # fmt: skip
    return SimpleNamespace(
        client=EmptyServer(), screen=screen, namespace="default", everywhere=False, find=find
    )


def asked(*words, objects_only=False):
    """Return what was typed."""
    return Namespace(what=list(words), objects_only=objects_only, file=None)


def cluster(*said):
    """Return a cluster with these conditions."""
    return thing("PeninOmegaCluster", "a", status={"conditions": list(said)})


@pytest.mark.parametrize("action", ["show", "verify"])
async def test_a_cluster_that_is_not_there_has_no_empty_ledger(action):
    """It is said that there is none; only what was there may have left a ledger."""
    with pytest.raises(NoAnswer, match="there is no PeninOmegaCluster 'a'"):
        await run(session(MISSING), asked(action, "a", objects_only=True))


@pytest.mark.parametrize(
    "found", [cluster(), Forbidden("no", code=403)], ids=["there", "unreadable"]
)
async def test_an_empty_ledger_is_said_to_be(found):
    """Also to who may not read the cluster, and cannot know more."""
    here = session(found)

    assert FINE == await run(here, asked("show", "a", objects_only=True))
    assert "nothing was decided about it yet\n" == here.screen.err.getvalue()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (cluster(OFF), "runs: TurnedOff: it is off; --objects-only"),
        (cluster(), "get pods -l app=penin-omega,cluster=a,service=ledger-writer` shows why"),
        (MISSING, "runs: there is no PeninOmegaCluster 'a' in namespace default; --objects-only"),
        (Forbidden("no", code=403), "get pods -l"),
    ],
    ids=["off", "unsaid", "missing", "unreadable"],
)
async def test_why_no_writer_runs_is_the_clusters_to_say(found, said):
    """Where none is wanted there are no pods to look at."""
    with pytest.raises(NoAnswer) as told:
        await run(session(found), asked("verify", "a"))

    assert said in str(told.value)


def test_that_nothing_was_reported_explains_nothing():
    """It follows from there being no writer, and what is said twice is told once."""
    unknown = condition("LedgerWritten", "False", "ImageUnknown", "give it --image")
    silent = condition("LedgerWritten", "False", "NotReported", "not yet")
    bound = condition("LedgerReady", "True", "Bound", "claim a-ledger")
    off = condition("LedgerWritten", "False", "TurnedOff", "it is off")

    assert ["ImageUnknown: give it --image"] == hindrances(cluster(bound, unknown))
    assert [] == hindrances(cluster(bound, silent))
    assert ["TurnedOff: it is off"] == hindrances(cluster(OFF, off))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["penin-dev"], ("verify", "penin-dev")),
        (["verify", "penin-dev"], ("verify", "penin-dev")),
        (["show", "penin/penin-dev"], ("show", "penin-dev")),
        (["show", "PeninOmegaCluster", "penin-dev"], ("show", "penin-dev")),
    ],
)
def test_a_cluster_has_its_name_alone_or_with_its_kind(words, wanted):
    """It need not exist any more: its ledger may."""
    assert wanted == _split(words)


@pytest.mark.parametrize("words", [["verify"], ["show", "deploy/web"], ["verify", "penin/"]])
def test_nothing_else_has_a_ledger(words):
    """That is wrong usage, with an example."""
    with pytest.raises(WrongUse, match="as in verify penin-dev"):
        _split(words)


def test_it_loads_no_machinery():
    """Neither controllers nor servers: a command has to start at once."""
    program = "import sys, controller.cli.verbs.ledger; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())

    assert "reconcilers.penin.ledger.verification" in loaded
    assert [] == [name for name in loaded if name.startswith(("controller.runtime", "aiohttp"))]
