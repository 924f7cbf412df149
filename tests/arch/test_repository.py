"""Files that are not code: locks, generated files, and what no file may hold."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from hack.gen import tree
from hack.gen.__main__ import TARGETS
from tests.arch.source import ROOT

LOCKS: Final = sorted((ROOT / "requirements").glob("*.txt"))
_MACHINE: Final = re.compile(
    r"(?<![\w.-])(?:" + "|".join(map(re.escape, {"/root", str(Path.home()), str(ROOT)})) + ")/"
)
_REQUIREMENT: Final = re.compile(
    r"^[\w.\-\[\]]+==\S+(?: ; .+?)?(?P<hashes>(?: --hash=sha256:\w{64})+)$"
)


def requirements(text: str) -> list[str]:
    """Return the lock's logical lines."""
    joined = re.sub(r" *\\\n *", " ", text)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]


def test_generated_files_are_up_to_date():
    """`make generate` would change nothing."""
    assert tree.differences(TARGETS, root=ROOT) == ""


def test_pages_apply_folders_that_are_there():
    """A command that is printed runs as it is, or says since when it does."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("manifests/**/*.md")]
    missing = [
        f"{page.relative_to(ROOT)}: {line.strip()}"
        for page in pages
        for line in page.read_text().splitlines()
        for folder in re.findall(r"(?:-k|-f) (manifests/[\w/.-]*\w)", line)
        if not (ROOT / folder).exists() and "as soon as there is" not in line
    ]

    assert [] == missing, "\n".join(missing)


def without_code(text):
    """Return a page without what it prints to the letter."""
    return re.sub(r"`[^`\n]*`", "", text)


def test_links_between_pages_lead_somewhere():
    """Every relative link names a file or a folder of the tree."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("manifests/**/*.md")]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", without_code(page.read_text()))
        if not (page.parent / target).exists()
    ]

    assert [] == dead, "\n".join(dead)


def test_changelog_fragments_say_what_kind_they_are():
    """A release can sort them: added, changed or fixed, and something to read."""
    fragments = [*ROOT.glob("docs/changelog.d/*")]

    assert [] == [
        path.name
        for path in fragments
        if not re.fullmatch(r"[\w.-]+\.(added|changed|fixed)\.md", path.name)
        or not path.read_text().strip()
    ]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_requirement_has_a_version_and_hashes(lock):
    """An installation takes exactly what was tested, from wherever it is."""
    loose = [line for line in requirements(lock.read_text()) if not _REQUIREMENT.match(line)]

    assert [] == loose, "\n".join(loose)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_locks_name_no_place(lock):
    """No address, index or path of the machine that made the lock stands in it."""
    assert [] == re.findall(
        r"\S*(?:://|--index|--find-links|--extra|file:|@ )\S*", lock.read_text()
    )


def test_both_locks_agree():
    """What ships is locked to the versions that were tested."""
    runtime, dev = (
        {line.split()[0] for line in requirements((ROOT / name).read_text())}
        for name in ("requirements/runtime.txt", "requirements/dev.txt")
    )

    assert set() == runtime - dev


def test_no_file_names_a_folder_of_one_machine():
    """Paths in tracked files are relative, or of places every machine has."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=20
    )
    named = [
        f"{name}: {match[0]}"
        for name in listed.stdout.decode().rstrip("\0").split("\0")
        if (ROOT / name).is_file() and not name.endswith("test_repository.py")
        for match in _MACHINE.finditer((ROOT / name).read_text(errors="ignore"))
    ]

    assert [] == named, "\n".join(named)
