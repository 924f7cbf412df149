"""What the admission server counts: plain numbers, written on the way, read at scrape."""

from collections import Counter
from typing import Final

import attrs

BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
NOWHERE: Final = ""
"""The webhook of a request that is for none."""


@attrs.define
class Counts:
    """The counters of one webhook."""

    in_flight: int = 0
    codes: Counter[int] = attrs.field(factory=Counter)
    """Answers by HTTP status of the call."""
    denied: int = 0
    failed: int = 0
    """Handlers that raised, or took too long; the failure policy decided."""
    seconds: float = 0.0
    buckets: list[int] = attrs.field(factory=lambda: [0] * (len(BUCKETS) + 1))

    def record(self, code: int, seconds: float) -> None:
        """Count one answer."""
        self.codes[code] += 1
        self.seconds += seconds
        index = next((i for i, most in enumerate(BUCKETS) if seconds <= most), len(BUCKETS))
        self.buckets[index] += 1


@attrs.define(kw_only=True)
class ServerStatistics:
    """The counters of the server, by webhook."""

    webhooks: dict[str, Counts]
    in_flight: int = 0
    shed: int = 0
    """Requests sent away because too many were under way."""
    connections: int = 0
    taken_away: int = 0
    """Connections that were ended because there were too many."""
    certificates: int = 0
    """Serving certificates put into use, the first one included."""
    certificate_expires: float | None = None
    """When the one in use expires, in seconds since 1970."""
