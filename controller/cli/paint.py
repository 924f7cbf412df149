"""Text for terminals: colours where they are wanted, columns, and nothing that a terminal obeys.

Messages come from objects that anybody may have written. Escape sequences in them are shown, not
sent; otherwise a pod's status could rewrite what its reader sees.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import attrs

from informers.meta.kstatus import Health

Colour = Literal["red", "green", "yellow", "blue", "magenta", "cyan", "dim", "bold"]

_CODES: Final[Mapping[Colour, str]] = {
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "dim": "2",
    "bold": "1",
}
_OF_HEALTH: Final[Mapping[Health, Colour]] = {
    Health.CURRENT: "green",
    Health.IN_PROGRESS: "yellow",
    Health.FAILED: "red",
    Health.TERMINATING: "magenta",
}
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NOT_COLOUR: Final = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_SEQUENCE: Final = re.compile(r"\x1b\[[0-9;]*m")
_WIDE: Final = frozenset("WF")


@attrs.frozen
class Brush:
    """Paints, or does not."""

    is_on: bool

    def paint(self, text: str, *colours: Colour) -> str:
        """Return the text in colours, if there are to be any."""
        if not self.is_on or not text or not colours:
            return text
        codes = ";".join(_CODES[each] for each in colours)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def health(self, text: str, health: Health) -> str:
        """Return the text in the colour of how something is doing."""
        return self.paint(text, _OF_HEALTH[health])


def plain(text: str) -> str:
    """Return a text of others on one line, with nothing in it that a terminal acts upon."""
    return _CONTROL.sub(lambda found: _shown(found[0]), " ".join(text.split()))


def harmless(line: str) -> str:
    """Return a line of a log with its colours and without any other thing a terminal obeys."""
    return _NOT_COLOUR.sub(lambda found: _shown(found[0]), line)


def _shown(character: str) -> str:
    code = ord(character)
    return f"^{chr(code + 64)}" if code < 32 else f"\\u{code:04x}"  # noqa: PLR2004 - C0 of ASCII


def width(text: str) -> int:
    """Return how many columns a text takes, whatever its colours."""
    bare = _SEQUENCE.sub("", text)
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in _WIDE)
        for each in bare
    )


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines, each column as wide as its widest cell, as kubectl lays them out."""
    if not rows:
        return []
    widths = [max(map(width, cells)) for cells in zip(*rows, strict=True)]
    return [
        "".join(
            cell + " " * (wide + 3 - width(cell)) for cell, wide in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
