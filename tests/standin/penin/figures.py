"""Counters and histograms, and the text in which Prometheus reads them."""

import bisect
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Histogram:
    """How long things took."""

    def __init__(self, bounds: Sequence[float] = BOUNDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect.bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def lines(self, name: str) -> Iterator[str]:
        """Yield what is told of it."""
        total = 0
        for bound, count in zip((*self._bounds, "+Inf"), self._counts, strict=True):
            total += count
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._sum!r}"
        yield f"{name}_count {total}"


class Figures:
    """All that a service counts, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: Counter[str] = Counter({"bias": 0, "ece": 0})
        self._codes: Counter[int] = Counter({200: 0, 500: 0})
        self._cycles = Histogram()
        self._requests = Histogram()

    def cycle(self, seconds: float, gates: Sequence[str]) -> None:
        """Count a cycle of evolution and the gates that failed in it."""
        with self._lock:
            self._cycles.observe(seconds)
            self._gates.update(gates)

    def request(self, code: int, seconds: float) -> None:
        """Count a piece of work that was asked for."""
        with self._lock:
            self._codes[code] += 1
            self._requests.observe(seconds)

    def text(self, gauges: Mapping[str, float]) -> str:
        """Return everything as Prometheus reads it."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines(gauges))

    def _lines(self, gauges: Mapping[str, float]) -> Iterator[str]:
        for name, value in gauges.items():
            yield f"# TYPE {name} gauge"
            yield f"{name} {value!r}"
        yield "# TYPE penin_gate_fail_total counter"
        for gate, count in sorted(self._gates.items()):
            yield f'penin_gate_fail_total{{gate="{gate}"}} {count}'
        yield "# TYPE penin_cycle_duration_seconds histogram"
        yield from self._cycles.lines("penin_cycle_duration_seconds")
        yield "# TYPE http_requests_total counter"
        for code, count in sorted(self._codes.items()):
            yield f'http_requests_total{{code="{code}"}} {count}'
        yield "# TYPE http_request_duration_seconds histogram"
        yield from self._requests.lines("http_request_duration_seconds")
