"""Which tests prove which of the fifty known bugs, as the table in docs/dev/proofs.md.

A test named `test_t22_t23_what_holds` proves T22 and T23. What each number promises is written in
the page by hand; the tests beside it are found here:

    python -m tests.arch.proofs     # writes them into the page
"""

import re
import sys
from typing import Final

from tests.arch.source import ROOT, every_test

PAGE: Final = ROOT / "docs/dev/proofs.md"
NUMBERS: Final = (
    *(f"T{n:02}" for n in range(1, 37)),
    *(f"T36{letter}" for letter in "bcde"),
    *(f"T{n}" for n in range(37, 51)),
)
_NAME: Final = re.compile(r"test((?:_t\d{2}[a-e]?)+)_")
_ROW: Final = re.compile(
    r"^\| (?P<number>T\d{2}[a-e]?) \| (?P<promise>[^|]+) \| (?P<tests>[^|]*) \|$"
)


def found() -> dict[str, list[str]]:
    """Return the tests of each number, as pytest names them."""
    tests: dict[str, list[str]] = {}
    for source, function in every_test():
        match = _NAME.match(function.name)
        for number in match[1].upper().strip("_").split("_") if match else ():
            named = f"T{number[1:3]}{number[3:].lower()}"
            tests.setdefault(named, []).append(f"{source.name}::{function.name}")
    return tests


def promises(text: str) -> dict[str, str]:
    """Return what the page says each number promises."""
    rows = map(_ROW.match, text.splitlines())
    return {row["number"]: row["promise"] for row in rows if row}


def completed(text: str) -> str:
    """Return the page with the tests that there are."""
    tests = found()

    def line(old: str) -> str:
        row = _ROW.match(old)
        if row is None:
            return old
        named = "<br>".join(f"`{name}`" for name in sorted(tests.get(row["number"], ())))
        return f"| {row['number']} | {row['promise']} | {named} |"

    return "\n".join(map(line, text.split("\n")))


if __name__ == "__main__":
    PAGE.write_text(completed(PAGE.read_text()))
    sys.exit(0)
