"""The page of the kind tells every phase, condition and reason of the code, and no others."""

import ast
import re
from pathlib import Path

import pytest

from hack.gen.__main__ import ROOT
from reconcilers.penin.family import FAMILY as PENIN

PAGE = (ROOT / "docs/guide/penin.md").read_text()
FAMILY = ROOT / "reconcilers/penin"
TELLERS = [
    ROOT / "controller/runtime/paused.py",
    *(
        path
        for folder in ("cluster", "metrics")
        for path in sorted((FAMILY / folder).glob("*.py"))
        if re.search(r"\b(?:stated|Condition|Told)\(", path.read_text())
    ),
]
WORD = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*")
NOT_TOLD = {"True", "False", "Warning", "Normal", "Redis"}
OF_THE_RUNTIME = {"Stalled", "ChildTaken", "ChildLeftOver", "FightOver"}


def words(path: Path) -> set[str]:
    """Return the strings of a module that are written like a reason."""
    found = (node.value for node in ast.walk(ast.parse(path.read_text())) if is_text(node))
    return {text for text in found if WORD.fullmatch(text)} - NOT_TOLD


def is_text(node):
    """Whether a node is a string."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def table(heading: str) -> set[str]:
    """Return what is code in the table below a heading."""
    (section,) = re.findall(rf"^## {heading}$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    return {
        word
        for line in section.splitlines()
        if line.startswith("|")
        for word in re.findall(r"`([A-Z]\w+)`", line)
    }


@pytest.mark.parametrize("path", TELLERS, ids=lambda path: path.stem)
def test_what_is_told_is_on_the_page(path):
    """Each phase, type of condition and reason."""
    assert set() == words(path) - set(re.findall(r"`(\w+)`", PAGE))


def test_the_page_tells_of_nothing_else():
    """What stands in its tables is in the code, or in the runtime's."""
    told = table("Phases") | table("Conditions") | table("Events")

    assert set() == told - set().union(*map(words, TELLERS)) - OF_THE_RUNTIME


def test_every_open_question_has_its_decision():
    """All thirty-three, and all thirteen contradictions, in their order."""
    decisions = (ROOT / "docs/guide/penin-decisions.md").read_text()
    numbers = [int(each) for each in re.findall(r"^\| (\d+) \|", decisions, re.MULTILINE)]

    assert [*range(1, 34), *range(1, 14)] == numbers


def test_no_category_is_called_like_a_kind():
    """Kubectl takes a word for a category first: `describe penin NAME` would ask for all kinds."""
    definitions = [kind.definition for kind in PENIN.kinds]
    names = {name for each in definitions for name in (*each.short_names, each.kind.plural)}

    assert set() == names & {name for each in definitions for name in each.categories}
