"""What the writer of a family has to know is in the guides, and found there."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.arch.source import ROOT

GUIDES: Final = sorted((ROOT / "docs" / "guide").glob("*.md"))
FAMILY: Final = (
    *ROOT.glob("tests/kit/widget/*.py"),
    *ROOT.glob("hack/scaffold/*.tmpl"),
    ROOT / "hack" / "new_kind.py",
)
KIT: Final = sorted(ROOT.glob("tests/kit/*.py"))
FOR_THE_KIT_ITSELF: Final = {"exchange", "http1", "ledger", "link", "loopthread", "wire"}
"""What the fixtures, the fault proxy and the scripted server are made of."""
_IMPORT: Final = re.compile(
    r"^from (?:controller|informers)\S* import (?:\(([^)]*)\)|(.*))$", re.MULTILINE
)


def explained(*pages: Path) -> set[str]:
    """Return the words that stand as code in a sentence or a table, examples apart."""
    text = "\n".join(
        re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for page in pages
    )
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", code)}


def imported(*files: Path) -> set[str]:
    """Return what is imported from the packages that ship."""
    lists = [a or b for file in files for a, b in _IMPORT.findall(file.read_text())]
    return {name.strip() for names in lists for name in names.split(",") if name.strip()}


def test_a_family_uses_nothing_that_is_not_explained():
    """Every shipped name in the family of the tests, and in scaffolded ones, is in a guide."""
    assert set() == imported(*FAMILY) - explained(*GUIDES)


@pytest.mark.parametrize("name", ["ListOptions", "DeleteOptions", "WriteOptions", "TerminalHook"])
def test_what_signatures_ask_for_is_explained(name):
    """A type that a public method takes is public, too."""
    assert name in explained(*GUIDES)


def test_every_tool_of_the_kit_is_in_its_guide():
    """A module that tests of families may use is named with what it is for."""
    modules = {path.stem for path in KIT} - FOR_THE_KIT_ITSELF

    assert set() == modules - explained(ROOT / "docs" / "guide" / "testkit.md")
