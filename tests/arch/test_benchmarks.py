"""The page of figures explains itself, and the README shows the same."""

import re
from typing import Final

from tests.arch.source import ROOT

PAGE: Final = (ROOT / "docs" / "benchmarks.md").read_text()
README: Final = (ROOT / "README.md").read_text()
OF_A_TARGET: Final = 6
"""Cells in a row that names a peer; the aims of ours by itself have no such column."""


def missed() -> list[tuple[str, str]]:
    """Return each scenario and peer of which a target was missed."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("| ") and "**no**" in line
    ]
    return sorted({(row[0], row[2] if len(row) == OF_A_TARGET else "") for row in rows})


def section(scenario: str, against: str) -> str:
    """Return what is written about a miss: the section that has both in its heading."""
    found = [
        text
        for heading, text in re.findall(r"^### (.*)\n((?:(?!##).*\n)*)", PAGE, re.MULTILINE)
        if f"`{scenario}`" in heading and against in heading
    ]
    return "\n".join(found)


def test_a_miss_is_explained():
    """By a profile that shows where the time goes, and by what was tried against it."""
    unexplained = [
        (scenario, against, part)
        for scenario, against in missed()
        for part in ("Tried:", "```")  # a profile stands as printed
        if part not in section(scenario, against)
    ]

    assert [] == unexplained


def test_the_readme_tells_every_miss_against_controller_runtime():
    """Its table and the page are of the same run."""
    told = re.findall(r"^\| .*\*\*missed\*\*", README, re.MULTILINE)
    rows = re.findall(r"^\| \w+ .*\| controller-runtime +\|.*\*\*no\*\*", PAGE, re.MULTILINE)

    assert len(rows) == len(told)
