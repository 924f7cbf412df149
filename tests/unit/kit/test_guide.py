"""The guide to the kit shows code that exists."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.kit import answers, faults
from tests.kit.proxy import FaultProxy
from tests.kit.scripted import Peer

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/guide/testkit.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


def test_the_whole_test_is_the_one_that_runs():
    """The example is the text of the test file."""
    assert (ROOT / "tests/integration/kit/test_example.py").read_text() == BLOCKS[0]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda text: text.splitlines()[0][:40])
def test_every_block_is_python_with_imports_that_work(block):
    """Each block parses, and what it imports is there."""
    tree = ast.parse(block.replace("…", "..."), type_comments=False)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert [] == [a.name for a in node.names if not hasattr(module, a.name)]


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        pytest.param(faults, re.findall(r"^\| `([A-Z]\w+)\(", GUIDE, re.MULTILINE), id="faults"),
        pytest.param(FaultProxy, re.findall(r"proxy\.(\w+)\(", GUIDE), id="proxy"),
        pytest.param(Peer, re.findall(r"peer\.(\w+)\(", GUIDE), id="peer"),
    ],
)
def test_what_the_guide_names_is_there(subject, names):
    """Faults, methods of the proxy and of a peer exist under the names given."""
    assert names
    assert [] == [name for name in names if not hasattr(subject, name)]


def test_every_fault_and_answer_is_in_the_guide():
    """Nothing that a test could use is left untold."""
    kinds = [
        name
        for name, kind in vars(faults).items()
        if isinstance(kind, type)
        and issubclass(kind, faults.Fault)
        and kind not in {faults.Fault, faults.Pointed}
    ]
    makers = [
        name
        for name, made in vars(answers).items()
        if callable(made) and made.__module__ == answers.__name__ and not name.startswith("_")
    ]
    assert [] == [name for name in [*kinds, *makers] if f"{name}(" not in GUIDE]
