"""What can go wrong between a client and the API server, as data.

A fault says what happens; a `Match` says to which requests; a `Rule` is the two of them at work in
a proxy, with counters. `tests.kit.answers` has the answers of a real API server ready-made, and
`tests.kit.exchange` carries faults out.

Places. A fault strikes at one of three: `request` (the API server has seen nothing), `reply` (the
API server has done its work, the client has seen nothing) or `body` (the client has the head).
Within a body the point is `after_events` whole events and then `after_bytes` bytes more; in a body
that is no watch there are no events, only bytes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from types import EllipsisType, TracebackType
from typing import Any, Literal, Self

import attrs

from tests.kit.http1 import Request
from tests.kit.wire import Ending

Place = Literal["request", "reply", "body"]


@attrs.frozen(kw_only=True)
class Match:
    """Which requests are meant; what is not given matches all.

    `path` is a regular expression searched in the path without the query. In `query`, a text must
    be equal, `...` stands for any value, and None for a parameter that must not be there.
    """

    method: str | tuple[str, ...] = ()
    path: str = ""
    query: Mapping[str, str | EllipsisType | None] = attrs.field(factory=dict)
    watch: bool | None = None

    def covers(self, request: Request) -> bool:
        """Whether this request is meant."""
        methods = (self.method,) if isinstance(self.method, str) else self.method
        return (
            (not methods or request.method in methods)
            and (self.watch is None or self.watch == request.is_watch)
            and re.search(self.path, request.path) is not None
            and all(_agrees(request.params.get(k), v) for k, v in self.query.items())
        )


ANY = Match()
WATCHES = Match(watch=True)
READS = Match(method="GET", watch=False)
WRITES = Match(method=("POST", "PUT", "PATCH", "DELETE"))


@attrs.frozen
class Fault:
    """Something that goes wrong."""


@attrs.frozen(kw_only=True)
class Pointed(Fault):
    """A fault that strikes once, at a point of an exchange."""

    at: Place = "body"
    after_events: int = 0
    after_bytes: int = 0


@attrs.frozen(kw_only=True)
class Cut(Pointed):
    """The connection is cut, by a reset or a bare FIN. At `reply`: a write done, its reply lost."""

    how: Ending = "rst"


@attrs.frozen(kw_only=True)
class Stall(Pointed):
    """Nothing more is passed on until the rule is removed; then all of it, in order."""


@attrs.frozen(kw_only=True)
class HalfOpen(Pointed):
    """The connection stays established and swallows all that either side sends, for ever."""


@attrs.frozen(kw_only=True)
class End(Pointed):
    """The stream ends properly at this point, be it in the middle of a line."""

    at: Place = attrs.field(default="body", init=False)


@attrs.frozen(kw_only=True)
class Inject(Pointed):
    """A line that the API server never sent; afterwards the stream ends, or goes on."""

    at: Place = attrs.field(default="body", init=False)
    line: bytes
    then: Literal["end", "go on"] = "end"


@attrs.frozen(kw_only=True)
class Answer(Fault):
    """The proxy answers. At `request` in the server's stead, at `reply` instead of its answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    at: Literal["request", "reply"] = "request"


@attrs.frozen(kw_only=True)
class Delay(Fault):
    """The request is passed on late, or the reply is."""

    seconds: float
    at: Literal["request", "reply"] = "request"


@attrs.frozen(kw_only=True)
class Lag(Fault):
    """Each block of a body is passed on so many seconds after it came, in order."""

    seconds: float


@attrs.frozen(kw_only=True)
class Throttle(Fault):
    """The body trickles."""

    bytes_per_second: float


@attrs.frozen(kw_only=True)
class Rechunk(Fault):
    """Each `size` bytes of the body are a chunk and a write of their own."""

    size: int


@attrs.frozen(kw_only=True)
class EditEvents(Fault):
    """Each line of a watch becomes what the function makes of it: a line, several, none."""

    edit: Callable[[bytes], Iterable[bytes]]


@attrs.frozen(kw_only=True)
class EditReply(Fault):
    """The JSON document of a reply that is no watch becomes what the function makes of it."""

    edit: Callable[[dict[str, Any]], dict[str, Any]]


@attrs.frozen(kw_only=True)
class EditRequest(Fault):
    """The API server gets what the function makes of the request."""

    edit: Callable[[Request], Request]


@attrs.define(eq=False, kw_only=True)
class Rule:
    """A fault at work: which requests it takes, and how often it did.

    Of the requests that match, the first `skip` go free and the next `times` are taken (None: all).
    `matched` counts the exchanges it took, `fired` how often it did something to them. Both are
    plain integers that any thread may read. Leaving a `with` block removes the rule.
    """

    fault: Fault
    where: Match
    skip: int
    times: int | None
    lift: Callable[["Rule"], None] = attrs.field(repr=False)
    matched: int = 0
    fired: int = 0
    _met: int = attrs.field(default=0, init=False)

    def takes(self, request: Request) -> bool:
        """Whether the fault applies to this exchange; counts it."""
        if not self.where.covers(request):
            return False
        self._met += 1
        if self._met <= self.skip or (self.times is not None and self.matched >= self.times):
            return False
        self.matched += 1
        return True

    def remove(self) -> None:
        """Take the fault back; what it held is let go."""
        self.lift(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def _agrees(value: str | None, wanted: str | EllipsisType | None) -> bool:
    return value is not None if wanted is ... else value == wanted
