"""Where the answer goes: text with colours to a terminal, JSON to anything else, unless told.

`-o` says which form; without it a person at a terminal gets text and a program gets JSON. Colours
are for terminals that have them: NO_COLOR, TERM=dumb and --color=never turn them off.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Literal, TextIO, cast

import attrs

from controller.cli.paint import Brush

Form = Literal["text", "json", "yaml"]


@attrs.frozen(kw_only=True)
class Screen:
    """Standard output and standard error, and how to write to them."""

    out: TextIO
    err: TextIO
    form: Form
    brush: Brush
    is_terminal: bool

    @classmethod
    def of_process(
        cls, *, form: str | None, colour: str, environ: Mapping[str, str] = os.environ
    ) -> "Screen":
        """Return that of this process, as its environment and its user want it."""
        out = sys.stdout
        is_terminal = out.isatty()
        by_itself = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        return cls(
            out=out,
            err=sys.stderr,
            form=cast("Form", form or ("text" if is_terminal else "json")),
            brush=Brush(colour == "always" or (colour == "auto" and by_itself)),
            is_terminal=is_terminal,
        )

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        self.out.writelines(f"{line}\n" for line in lines)

    def data(self, value: object) -> None:
        """Write what a program reads: JSON, or YAML."""
        if self.form == "yaml":
            import yaml  # noqa: PLC0415 - 13 ms that only those pay who ask for it

            yaml.safe_dump(value, self.out, sort_keys=False, allow_unicode=True)
        else:
            self.out.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def note(self, text: str) -> None:
        """Tell something beside the answer."""
        self.err.write(f"{text}\n")
