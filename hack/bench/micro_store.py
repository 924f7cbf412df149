"""What an event of a 7 KB pod costs from the wire to the cache, and a cached pod in memory.

The shipped parts and nothing else: chunks of the size a socket gives, `Lines`, `Feed`, `Store` with
the namespace index, a handler. Measured are the initial content (ADDED into an empty store) and
changes (MODIFIED of pods that are held). All times are CPU times, as a busy machine must not
show; the yardstick is a fixed loop in the same process, and a ratio says how many events are
handled in the time of a million turns of it.

`python -m hack.bench.micro_store` prints the figures.
"""

import gc
import random
import statistics
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Final

from hack.bench.micro import show
from hack.bench.pods import Pods
from informers.feed import Feed, Statistics
from informers.store import Change, Scope, Store
from informers.stream import Lines

COUNT: Final = 5_000
TURNS: Final = 1_000_000
ROUNDS: Final = 7
CHUNK: Final = 128 * 1024


def _chunks(pods: Pods, type_: bytes, version: int) -> list[bytes]:
    """A watch's bytes, in the pieces that a busy socket gives."""
    numbers = list(range(COUNT))
    random.Random(version).shuffle(numbers)  # noqa: S311 - an order, not a secret
    body = b"".join(pods.event(type_, n, version + i) for i, n in enumerate(numbers))
    return [body[i : i + CHUNK] for i in range(0, len(body), CHUNK)]


class Cache:
    """A store behind the end of a watch."""

    def __init__(self) -> None:
        self.store, self._scope = Store(), Scope()
        self.told = 0
        self.store.in_namespace("")
        self.feed = Feed(self.store, self._scope, self._hear, Statistics(), initial=False)

    def _hear(self, changes: list[Change]) -> None:
        self.told += len(changes)

    def take(self, chunks: list[bytes]) -> float:
        """Take a whole stream; return the seconds it took."""
        lines, feed = Lines(), self.feed
        begin = time.process_time()
        for chunk in chunks:
            feed.take(lines.feed(chunk))
        return time.process_time() - begin


def _round(added: list[bytes], changed: list[bytes]) -> tuple[float, float]:
    gc.collect()
    cache = Cache()
    initial = cache.take(added)
    change = cache.take(changed)
    assert (len(cache.store), cache.told) == (COUNT, 2 * COUNT)
    return initial, change


def _loop() -> float:
    begin, total = time.process_time(), 0
    for number in range(TURNS):
        total += number & 7
    return time.process_time() - begin


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def _memory(pods: Pods) -> dict[str, float]:
    """Bytes per cached pod: as allocated, and as the process grows."""
    gc.collect()
    before = _resident()
    cache = Cache()
    for start in range(0, COUNT, 100):
        lines = (pods.event(b"ADDED", n, n + 1)[:-1] for n in range(start, start + 100))
        cache.feed.take(lines)
    grown = _resident() - before
    del cache
    gc.collect()
    tracemalloc.start()
    cache = Cache()
    cache.feed.take(pods.event(b"ADDED", n, n + 1)[:-1] for n in range(COUNT // 10))
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "kib_per_pod": held / (COUNT // 10) / 1024,
        "resident_kib_per_pod": grown / COUNT / 1024,
    }


def measure() -> dict[str, float]:
    """Medians of several rounds, and ratios."""
    pods = Pods()
    figures = _memory(pods)
    added, changed = _chunks(pods, b"ADDED", 1), _chunks(pods, b"MODIFIED", COUNT + 1)
    loops, initials, changes = [], [], []
    for _ in range(ROUNDS):
        loops.append(_loop())
        initial, change = _round(added, changed)
        initials.append(initial)
        changes.append(change)
    loop = statistics.median(loops)
    for name, seconds in (("added", initials), ("modified", changes)):
        rate = COUNT / statistics.median(seconds)
        figures[f"{name}_per_s"] = rate
        figures[f"{name}_us"] = 1e6 / rate
        figures[f"{name}_per_loop_ratio"] = rate * loop
    return figures | {
        "pod_bytes": float(pods.size),
        "managed_fields_bytes": float(pods.managed),
        "loop_ms": loop * 1e3,
    }


if __name__ == "__main__":
    show(measure, sys.argv[1:])
