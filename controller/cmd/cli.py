"""`python -m controller cli`, and `kubectl pentad`: the command line for users."""

import sys
from collections.abc import Sequence

from controller.cli import completion, program


def main(arguments: Sequence[str]) -> int:
    """Run the command line as a program of the image."""
    return program.main(arguments, name="python -m controller cli")


def plugin() -> int:
    """Run it as kubectl does, which passes on all that stands behind `kubectl pentad`."""
    return program.main(sys.argv[1:], name="kubectl pentad")


def complete() -> int:
    """Tell kubectl's shell completion what may come next."""
    return completion.main(sys.argv[1:])
