"""The end of a component's log, for people."""

import os
from pathlib import Path
from typing import Final

_WINDOW: Final = 64 * 1024


def tail(path: Path, *, lines: int) -> str:
    """Return the last lines of a file, reading only its end; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _WINDOW, 0))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:]) if lines else ""
