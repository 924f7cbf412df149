"""`python -m controller PROGRAM`: one image, several programs, each loading only what it needs."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

PROGRAMS: Final = {
    "manager": "run the controllers until told to stop",
    "ledger-writer": "bring the ledger of a PeninOmegaCluster onto its volume",
    "cli": "show what resources own, how that is doing, and why",
}
WRONG_USE: Final = 2


def main(arguments: Sequence[str]) -> int:
    """Run the program that the first argument names."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())  # noqa: T201 - this is what was asked for
        return 0 if arguments else WRONG_USE
    name, *rest = arguments
    if name not in PROGRAMS:
        print(f"there is no program {name!r}\n\n{_usage()}", file=sys.stderr)  # noqa: T201 - as above
        return WRONG_USE
    program: Callable[[Sequence[str]], int] = import_module(
        f"controller.cmd.{name.replace('-', '_')}"
    ).main
    return program(rest)


def _usage() -> str:
    lines = [f"  {name:15} {what}" for name, what in PROGRAMS.items()]
    return "\n".join(["usage: python -m controller PROGRAM [--help] [FLAG …]", "", *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
