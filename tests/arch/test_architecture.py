"""ARCHITECTURE.md says where things are: what it leaves out is not found."""

import re

import pytest

from tests.arch.source import ROOT

FOLDERS = ("informers", "controller", "controller/runtime", "hack", "tests")
UNTOLD = {"conftest"}
"""What every folder of tests has."""


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_module_and_folder_is_named(folder):
    """Whoever meets a name in one of these folders finds a word about it on the page."""
    told = set(re.findall(r"\w+", (ROOT / "ARCHITECTURE.md").read_text()))
    modules = {path.stem for path in (ROOT / folder).glob("[!_]*.py")}
    folders = {path.name for path in (ROOT / folder).glob("[!_.]*/") if path.is_dir()}

    assert set() == (modules | folders) - told - UNTOLD
