"""The verb of ledgers: what it takes, and that it starts without the machinery."""

import subprocess
import sys

import pytest

from controller.cli.errors import WrongUse
from controller.cli.verbs.ledger import _split


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
