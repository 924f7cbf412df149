"""What the writer of a family has to know is in the guides, and found there."""

import ast
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.arch.source import ROOT, Source

GUIDE: Final = ROOT / "docs" / "guide"
GUIDES: Final = sorted(GUIDE.glob("*.md"))
FAMILY: Final = (
    *ROOT.glob("tests/kit/widget/*.py"),
    *ROOT.glob("hack/scaffold/*.tmpl"),
    ROOT / "hack" / "new_kind.py",
)
KIT: Final = sorted(ROOT.glob("tests/kit/*.py"))
FOR_THE_KIT_ITSELF: Final = {"exchange", "http1", "ledger", "link", "loopthread", "wire"}
"""What the fixtures, the fault proxy and the scripted server are made of."""
ROOTS: Final = ("informers.", "controller.runtime.", "controller.")
"""How the name of a module begins that is called by the rest of it in the guides."""
_PUBLIC: Final = re.compile(r"^\| Package \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
_PART: Final = re.compile(r"`([\w.]+)` \(([^)]*)\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_EXAMPLE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_BLOCK: Final = re.compile(r"\n(?=[\n|#]|- |\d+\. )")
_IMPORT: Final = re.compile(
    r"^from ((?:controller|informers)\S*) import (?:\(([^)]*)\)|(.*))$", re.MULTILINE
)


@functools.cache
def public() -> Mapping[str, set[str]]:
    """Return what the table of docs/guide/runtime.md calls public: the names of each module."""
    (rows,) = _PUBLIC.findall((GUIDE / "runtime.md").read_text())
    found = {}
    for row in rows.splitlines():
        first, whole, parts = row.strip("|").split("|")
        (package,) = _CODE.findall(first)
        for module in _CODE.findall(whole):
            found[f"{package}.{module}"] = defined(f"{package}.{module}")
        for module, names in _PART.findall(parts):
            found[f"{package}.{module}"] = set(_CODE.findall(names))
    return found


def defined(module: str) -> set[str]:
    """Return the names that a module gives to others: those of `__all__`, or all without `_`."""
    names: set[str] = set()
    for node in Source.of(ROOT / f"{module.replace('.', '/')}.py").tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return set(ast.literal_eval(value))
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
                pass
            case ast.Assign(targets=targets):
                found = [each for target in targets for each in ast.walk(target)]
                names |= {each.id for each in found if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                names.add(node.name)
    return {name for name in names if not name.startswith("_")}


def blocks(page: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Return what is code in the heading above each paragraph, item or row, and in that itself."""
    heading: list[str] = []
    text = _PUBLIC.sub("", _EXAMPLE.sub("", page.read_text()))
    for block in _BLOCK.split(text):
        spans = _CODE.findall(block)
        if block.startswith("#"):
            heading = spans
        yield heading, spans


def words(spans: Iterable[str]) -> set[str]:
    """Return the words of pieces of code."""
    return {word for span in spans for word in re.findall(r"\w+", span)}


def subjects(spans: Iterable[str]) -> set[str]:
    """Return the dotted names that pieces of code begin with: of `a.b(c)` a and a.b."""
    paths = [re.match(r"[\w.]*", span)[0].split(".") for span in spans]
    return {".".join(path[:end]) for path in paths for end in range(1, len(path) + 1)}


@functools.cache
def explained() -> Mapping[str, set[str]]:
    """Return by dotted name which words the guides explain beside it, or below it as a heading."""
    found = defaultdict(set)
    for page in GUIDES:
        for heading, spans in blocks(page):
            for subject in subjects([*heading, *spans]):
                found[subject] |= words(spans)
    return found


def imported(files: Iterable[Path]) -> set[str]:
    """Return the dotted names of what is imported from the packages that ship."""
    return {
        f"{module}.{name.split()[0]}"
        for file in files
        for module, *lists in _IMPORT.findall(file.read_text())
        for name in "".join(lists).split(",")
        if name.strip()
    }


@pytest.mark.parametrize("module", public())
def test_every_public_name_is_explained(module):
    """Each class, function and constant of a public module is in a guide, beside its module."""
    titles = {module, *(module.removeprefix(root) for root in ROOTS)}
    found = set().union(*(explained().get(title, ()) for title in titles))

    assert set() == public()[module] - found


def test_what_is_called_public_is_there():
    """The table of public names has none that its module does not define."""
    absent = [
        f"{module}.{name}" for module in public() for name in public()[module] - defined(module)
    ]

    assert [] == absent


def test_families_import_public_names_alone():
    """So do the family of the tests, scaffolded ones, and the examples of the guides."""
    names = {f"{module}.{name}" for module in public() for name in public()[module]}

    assert set() == imported([*FAMILY, *GUIDES]) - names - public().keys()


def test_every_tool_of_the_kit_is_in_its_guide():
    """A module that tests of families may use is named with what it is for."""
    modules = {path.stem for path in KIT} - FOR_THE_KIT_ITSELF
    told = {word for _, spans in blocks(GUIDE / "testkit.md") for word in words(spans)}

    assert set() == modules - told


def test_tests_that_guides_name_are_there():
    """Where a guide says which test holds a line, it can be looked up."""
    texts = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"^(?:async )?def (test_\w+)", texts, re.MULTILINE))
    named = {name for path in GUIDES for name in re.findall(r"`(test_\w+)`", path.read_text())}

    assert set() == named - known
    assert len(named) > 5
