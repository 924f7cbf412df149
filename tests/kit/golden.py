"""What pure functions return, kept as files that people read in a review.

A test renders everything anew and compares it to the letter; the environment says when the files
are to be written instead:

    PENTAD_GOLDEN=write .venv/bin/python -m pytest tests/unit/reconcilers/penin/cluster

Whoever does so reads the difference before committing it: that is what the files are for.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

ASKED: Final = "PENTAD_GOLDEN"
WRITE: Final = "write"


class _Plain(yaml.SafeDumper):
    """Writes what is there twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never refer to what was written before."""
        return data is not None


def by_name(objects: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return objects as files, each named by its kind and name."""
    return {
        f"{each['kind'].lower()}.{each['metadata']['name']}.yaml": as_yaml(each) for each in objects
    }


def as_yaml(one: Mapping[str, Any]) -> str:
    """Return an object as the text of a file."""
    return yaml.dump(one, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)


def assert_golden(folder: Path, files: Mapping[str, str]) -> None:
    """Fail unless the folder has exactly these files; write them if that is asked for."""
    if os.environ.get(ASKED) == WRITE:
        _write(folder, files)
    found = {path.name: path.read_text() for path in folder.glob("*")}
    changed = sorted(name for name in found | files if found.get(name) != files.get(name))
    remedy = f"if it is meant so, run this test again with {ASKED}={WRITE} and read the difference"

    assert found == files, f"{folder.name}: {', '.join(changed)} differ; {remedy}"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*"):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
