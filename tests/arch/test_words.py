"""What is written beside the code: docstrings, names, reasons."""

import ast
import re
from pathlib import Path
from typing import Final

from tests.arch.source import SHIPPED, every_test, sources

BANNED: Final = frozenset({"base", "common", "helper", "helpers", "misc", "util", "utils"})
_REASONED: Final = {
    "noqa": re.compile(r"# noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)* - \S"),
    "type: ignore": re.compile(r"# type: ignore\[[\w, -]+\]  # \S"),
}


def test_every_module_says_why_it_exists():
    """A module begins with a docstring."""
    silent = [source.name for source in sources() if not ast.get_docstring(source.tree)]

    assert [] == silent, "\n".join(silent)


def test_every_test_says_what_holds():
    """A test function has a docstring that is a sentence."""
    silent = [
        f"{source.at(function)} {function.name}"
        for source, function in every_test()
        if not (ast.get_docstring(function) or "").rstrip().endswith((".", "!", "?"))
    ]

    assert [] == silent, "\n".join(silent)


def test_package_files_are_docstrings_only():
    """Importing a package runs nothing: its __init__.py holds a docstring and no statement."""
    busy = [
        source.name
        for source in sources()
        if source.path.name == "__init__.py" and len(source.tree.body) != 1
    ]

    assert [] == busy, "\n".join(busy)


def test_shipped_folders_are_packages():
    """A shipped folder without __init__.py would be left out of the import graph."""
    folders = {s.path.parent for s in sources() if s.name.split("/")[0] in (*SHIPPED, "hack")}

    assert [] == [str(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_modules_are_named_for_what_they_hold():
    """Nothing is called utils, helpers, common or base."""
    vague = [
        source.name for source in sources() if BANNED & set(Path(source.name).with_suffix("").parts)
    ]

    assert [] == vague, "\n".join(vague)


def test_every_ignored_rule_has_its_reason():
    """A silenced check names its code and says why it is wrong here."""
    unreasoned = [
        f"{source.at(number)} {line.strip()}"
        for source in sources()
        for number, line in enumerate(source.text.splitlines(), 1)
        for word, pattern in _REASONED.items()
        if f"# {word}" in line and '"# ' not in line and not pattern.search(line)
    ]

    assert [] == unreasoned, "\n".join(unreasoned)


def test_no_test_is_skipped():
    """A test that cannot run fails; it is never skipped or expected to fail."""
    skipped = [
        source.at(node)
        for source in sources()
        if source.is_test
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"skip", "skipif", "xfail", "importorskip"}
        and ast.unparse(node).startswith("pytest.")
    ]

    assert [] == skipped, "\n".join(skipped)
