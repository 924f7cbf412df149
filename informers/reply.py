"""What the API server's answers mean.

Pure readings of a `Response`: a page of a list, a bare Status, a refusal with its reason, and
whether and when to ask again. Bodies written by proxies on the way are understood as far as they
go; the status code is always enough to choose the error.
"""

from collections.abc import Mapping
from typing import Final

import attrs
import msgspec
from msgspec import Raw, Struct

from informers.errors import (
    MOST_RETRY_AFTER,
    SERVER_ERRORS,
    StatusError,
    TooManyRequests,
    status_error,
)
from informers.meta.errors import UNREADABLE
from informers.skim import Skim
from informers.snapshot import Snapshot
from informers.transport import Response

DEFAULT_RETRY_AFTER: Final = 1.0
LEAST_WAIT: Final = 0.05


@attrs.frozen(kw_only=True)
class Page:
    """Objects of a collection, as of one resource version."""

    items: list[Snapshot]
    resource_version: str
    continue_token: str = ""
    remaining: int = 0


@attrs.frozen(kw_only=True)
class Status:
    """An answer that is no object: it was done, and that is all."""

    uid: str = ""


class ListMeta(Struct, rename="camel"):
    """As of when, and where it goes on."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int = 0


class List(Struct):
    """A collection, its items unread."""

    metadata: ListMeta
    items: list[Raw] | None = None


class _Details(Struct):
    uid: str = ""


class _Answer(Struct):
    kind: str = ""
    details: _Details | None = None


LIST: Final = Skim(List)
ANSWER: Final = Skim(_Answer)


def is_success(code: int) -> bool:
    """Whether the server did what it was asked."""
    return 200 <= code < 300  # noqa: PLR2004 - the range is its own name


def refusal(response: Response) -> StatusError:
    """The error a non-2xx answer means, whoever wrote its body."""
    try:
        status = msgspec.json.decode(response.body)
    except UNREADABLE:
        text = response.body[:300].decode("utf-8", "replace").strip()
        status = {"message": text} if text else {}
    if not isinstance(status, Mapping):
        status = {}
    retry_after = _seconds(response.retry_after) if response.retry_after else None
    return status_error(status, code=response.code, retry_after=retry_after)


def _seconds(text: str) -> float:
    """What a Retry-After header says; a date, which takes two clocks to read, counts as soon."""
    try:
        seconds = float(text)
    except ValueError:
        return DEFAULT_RETRY_AFTER
    return seconds if 0 <= seconds <= MOST_RETRY_AFTER else DEFAULT_RETRY_AFTER


def retry_wait(error: StatusError) -> float | None:
    """How long to wait before asking again; None when asking again is not what was asked for."""
    is_shed = isinstance(error, TooManyRequests)
    if error.retry_after is not None and (is_shed or error.code >= SERVER_ERRORS):
        return max(error.retry_after, LEAST_WAIT)
    return DEFAULT_RETRY_AFTER if is_shed else None


def error_in(raw: bytes) -> StatusError | None:
    """The error that a Status object is, wherever it was met; None if this is something else."""
    try:
        status = msgspec.json.decode(raw)
    except UNREADABLE:
        return None
    if not isinstance(status, dict) or status.get("kind") != "Status":
        return None
    code = status.get("code")
    return status_error(status, code=code if isinstance(code, int) else 500)
