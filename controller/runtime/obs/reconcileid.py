"""A short name for each reconcile, so that its log lines can be told from those of others.

A reconcile only takes the next number; the text is made when a line is written. The first part
differs between processes, so lines of a leader and of the one before it do not mix.
"""

import itertools
import secrets
from contextvars import ContextVar
from typing import Final

NUMBER: Final[ContextVar[int]] = ContextVar("reconcile", default=0)
next_number: Final = itertools.count(1).__next__
_PROCESS: Final = secrets.token_hex(2)


def reconcile_id() -> str:
    """The id of the reconcile under way here, or nothing."""
    number = NUMBER.get()
    return f"{_PROCESS}-{number:x}" if number else ""
