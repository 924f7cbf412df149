"""What the fault proxy has seen, and the rules in force. Touched only on the proxy's loop."""

from collections import deque
from typing import Any

import attrs

from informers.clock import LoopClock
from tests.kit import http1
from tests.kit.exchange import Active, Exchange
from tests.kit.faults import Match, Rule

_CLOCK = LoopClock()


@attrs.frozen(kw_only=True)
class Seen:
    """A request as the client sent it, and what became of it.

    Times are of `time.monotonic`; `finished` and `outcome` are None while the exchange is open,
    then `done`, `cut`, `swallowed`, `client gone` or `upstream lost: …`.
    """

    request: http1.Request
    started: float
    finished: float | None
    outcome: str | None
    status: int | None
    sent_bytes: int
    events: int
    faults: tuple[str, ...]

    @property
    def method(self) -> str:
        """GET, POST, …."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.request.path

    @property
    def params(self) -> dict[str, str]:
        """The query."""
        return self.request.params

    @property
    def body(self) -> bytes:
        """What the client sent."""
        return self.request.body


@attrs.frozen(kw_only=True)
class Statistics:
    """Totals since the start."""

    connections: int
    open_connections: int
    requests: int
    open_requests: int
    sent_bytes: int
    faults_fired: int


@attrs.define(eq=False)
class Entry:
    """An exchange, and the request as it was before any fault edited it."""

    exchange: Exchange
    request: http1.Request
    finished: float | None = None
    outcome: str | None = None

    def snapshot(self) -> Seen:
        """What is known by now."""
        done = self.exchange
        return Seen(
            request=self.request,
            started=done.started,
            finished=self.finished,
            outcome=self.outcome,
            status=done.status,
            sent_bytes=done.sent_bytes,
            events=done.events,
            faults=tuple(type(a.rule.fault).__name__ for a in done.active),
        )


class Ledger:
    """Open exchanges, a bounded record of past ones, and the rules."""

    def __init__(self, *, record: int, keep_bodies: bool) -> None:
        self.open: dict[Exchange, Entry] = {}
        self.requests = 0
        self._rules: list[Rule] = []
        self._fired_before = 0
        self._sent_bytes = 0
        self._record: deque[Entry] = deque(maxlen=record)
        self._keep_bodies = keep_bodies

    # -- called by links

    def begin(self, exchange: Exchange) -> None:
        """A request has come: note it, and put its faults in its way."""
        kept = exchange.request
        if not self._keep_bodies:
            kept = attrs.evolve(kept, body=b"")
        entry = Entry(exchange, kept)
        self.requests += 1
        self.open[exchange] = entry
        self._record.append(entry)
        for rule in self._rules:
            if rule.takes(exchange.request):
                exchange.attach(Active(rule))

    def finish(self, exchange: Exchange, outcome: str) -> None:
        """It is over."""
        entry = self.open.pop(exchange)
        entry.finished = _CLOCK.monotonic()
        entry.outcome = outcome
        self._sent_bytes += exchange.sent_bytes

    # -- called for the test

    def add(self, rule: Rule, live: bool) -> Rule:  # noqa: FBT001 - crosses threads by position
        """Put a rule in force; with `live` also for what is under way."""
        self._rules.append(rule)
        for exchange, entry in list(self.open.items()) if live else ():
            if rule.takes(entry.request):
                exchange.attach(Active(rule))
        return rule

    def remove(self, rule: Rule) -> None:
        """Take a rule out of force."""
        if rule in self._rules:
            self._rules.remove(rule)
            self._fired_before += rule.fired
        for exchange in self.open:
            exchange.detach(rule)

    def clear(self) -> None:
        """Take all rules out of force."""
        for rule in list(self._rules):
            self.remove(rule)

    def seen(self, where: Match) -> list[Seen]:
        """The requests so far, oldest first."""
        return [entry.snapshot() for entry in self._record if where.covers(entry.request)]

    def forget(self) -> None:
        """Begin a new record."""
        self._record.clear()

    def totals(self) -> dict[str, Any]:
        """The ledger's part of `Statistics`."""
        under_way = sum(exchange.sent_bytes for exchange in self.open)
        return {
            "requests": self.requests,
            "open_requests": len(self.open),
            "sent_bytes": self._sent_bytes + under_way,
            "faults_fired": self._fired_before + sum(rule.fired for rule in self._rules),
        }
