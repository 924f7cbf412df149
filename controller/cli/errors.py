"""What ends a command: one line that says what to do, and an exit code.

    CommandError
    ├── WrongUse      what was typed makes no sense here
    └── NoAnswer      it makes sense, and cannot be told

Errors of `informers` say the same of servers and kubeconfigs.
"""

from typing import ClassVar, Final

FINE: Final = 0
NOT_READY: Final = 1
WRONG_USE: Final = 2
NO_ANSWER: Final = 3
INTERRUPTED: Final = 130
CUT_OFF: Final = 141


class CommandError(Exception):
    """The root of what is told to the user as one line."""

    code: ClassVar[int] = NO_ANSWER


class WrongUse(CommandError):
    """What was typed makes no sense here."""

    code = WRONG_USE


class NoAnswer(CommandError):
    """It makes sense, and cannot be told."""
