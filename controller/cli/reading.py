"""Reading JSON of any kind of object, whose shape nobody promises.

A custom resource may hold anything anywhere in its status. What is not of the expected type reads
as if it were not there, so that one odd object never ends a command about a thousand others.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]


def at(value: object, *path: str) -> object:
    """Return what is at a path, or None."""
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def text(value: object, *path: str) -> str:
    """Return the text at a path, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def number(value: object, *path: str, default: int = 0) -> int:
    """Return the whole number at a path, or the default."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def flag(value: object, *path: str) -> bool:
    """Return whether there is a true at a path."""
    return at(value, *path) is True


def fields(value: object, *path: str) -> Body:
    """Return the object at a path, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, Mapping) else {}


def listed(value: object, *path: str) -> Sequence[Body]:
    """Return the objects in the list at a path."""
    found = at(value, *path)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def words(value: object, *path: str) -> Sequence[str]:
    """Return the texts in the list at a path."""
    found = at(value, *path)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def moment(value: object, *path: str) -> dt.datetime | None:
    """Return the time at a path, if there is one that makes sense."""
    found = text(value, *path)
    try:
        time = dt.datetime.fromisoformat(found) if found else None
    except ValueError:
        return None
    return time if time is None or time.tzinfo else None
