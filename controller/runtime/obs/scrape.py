"""`/metrics`: read on the loop, written in the thread that was asked.

Plain counters are read in one step of the event loop, so they fit together; turning them into text
happens outside it. A loop that is blocked is not waited for: the last figures are told again, with
their age, beside what is known without the loop (its lag, the process), which is what one wants to
know then.

prometheus_client is imported when somebody scrapes for the first time.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

import attrs

from controller.runtime.obs.answer import Answer, Ask, say
from controller.runtime.obs.bridge import Bridge, LoopBusy
from controller.runtime.obs.declared import gauge

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

DEADLINE: Final = 2.0
AGE: Final = gauge(
    "pentad_metrics_age_seconds",
    "Age of the figures that need the event loop; grows while it is blocked.",
)
DECLARED: Final = (AGE,)


@attrs.frozen(kw_only=True)
class Collectors:
    """What to collect: on the loop, and from any thread."""

    on_loop: "tuple[Collector, ...]"
    anywhere: "tuple[Collector, ...]"


class Scraping:
    """Answers `/metrics`."""

    def __init__(
        self,
        bridge: Bridge,
        make: Callable[[], Collectors],
        *,
        deadline: float = DEADLINE,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._bridge = bridge
        self._make = make
        self._deadline = deadline
        self._now = now
        self._collectors: Collectors | None = None
        self._making = threading.Lock()
        self._last: tuple[float, list[Metric]] | None = None

    def answer(self, ask: Ask) -> Answer:
        """All figures, in the format the scraper prefers."""
        if ask.path != "/metrics":
            return say("not found: metrics are at /metrics", code=404)
        from prometheus_client.exposition import (  # noqa: PLC0415 - see above
            choose_encoder,
        )

        encode, content_type = choose_encoder(ask.headers.get("accept", ""))
        return Answer(body=encode(_Collected(self._collect())), content_type=content_type)

    def _collect(self) -> "list[Metric]":
        collectors = self._made()
        try:
            families = self._bridge.call(
                lambda: _families(collectors.on_loop), seconds=self._deadline
            )
            self._last = (self._now(), families)
        except LoopBusy:
            families = self._last[1] if self._last else []
        age = self._now() - self._last[0] if self._last else float("inf")
        return [*families, *_families(collectors.anywhere), _age(age)]

    def _made(self) -> Collectors:
        with self._making:
            if self._collectors is None:
                self._collectors = self._make()
            return self._collectors


def _families(collectors: "Iterable[Collector]") -> "list[Metric]":
    return [family for collector in collectors for family in collector.collect()]


def _age(seconds: float) -> "Metric":
    from controller.runtime.obs.figures import told_once  # noqa: PLC0415 - loaded by now

    return told_once(AGE, seconds)


class _Collected:
    """Families that were collected already, as the encoders want them."""

    def __init__(self, families: "list[Metric]") -> None:
        self._families = families

    def collect(self) -> "Iterator[Metric]":
        return iter(self._families)
