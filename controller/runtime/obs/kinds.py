"""The caches, for Prometheus: one series per kind and figure, however many informers share it.

An informer that ends takes its counters with it; what it had counted is kept here, so that a
counter of its kind never goes back.
"""

from collections.abc import Callable, Iterator
from typing import Final

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.obs.declared import Declared, counter, gauge
from controller.runtime.obs.figures import told
from informers.factory import Informers
from informers.feed import Statistics
from informers.memo import Memos
from informers.meta.kinds import Kind
from informers.shared import Informer
from informers.store import Store

LABELS: Final = ("kind", "group")
Label = tuple[str, str]


def _counter(name: str, help_: str) -> Declared:
    return counter(f"pentad_informer_{name}_total", help_, *LABELS)


def _gauge(name: str, help_: str, *more: str) -> Declared:
    return gauge(f"pentad_informer_{name}", help_, *LABELS, *more)


_COUNTERS: Final[dict[Declared, Callable[[Statistics], int]]] = {
    _counter("events", "Watch events applied."): lambda s: s.events,
    _counter("bookmarks", "Bookmarks received."): lambda s: s.bookmarks,
    _counter("lists", "Lists read, page by page."): lambda s: s.lists,
    _counter("watches", "Watches begun."): lambda s: s.watches,
    _counter("failures", "Lists and watches that failed."): lambda s: s.failures,
    _counter("silent_watches", "Watches given up because nothing came."): (
        lambda s: s.silent_watches
    ),
    _counter("decode_errors", "Events and items of lists that made no sense."): (
        lambda s: s.undecodable
    ),
}
_STALE_REFUSED: Final = _counter("stale_refused", "States refused because a newer one was held.")
_MEMO_HITS: Final = _counter("memo_hits", "Reads of objects that were decoded before.")
_MEMO_MISSES: Final = _counter("memo_misses", "Reads that had to decode.")
_COUNTED: Final = (*_COUNTERS, _STALE_REFUSED, _MEMO_HITS, _MEMO_MISSES)
_GAUGES: Final[dict[Declared, Callable[[Informer], float]]] = {
    _gauge("objects", "Objects cached."): lambda i: len(i.store) if i.lead is None else 0,
    _gauge("memo_objects", "Objects that readers keep decoded."): lambda i: len(i.memos),
    _gauge("untold", "Objects that late handlers are still to be told of."): lambda i: i.untold,
    _gauge("doubtful", "Objects in doubt after a write without an answer."): (
        lambda i: i.store.doubtful
    ),
}
_DEPTH: Final = _gauge("handler_depth", "Objects whose changes wait for a handler.", "handler")
_OLDEST: Final = _gauge(
    "handler_oldest_seconds", "Since when the oldest of them has been waiting.", "handler"
)
_SYNCED: Final = _gauge("synced", "Whether the content is complete.")
_SILENCE: Final = _gauge(
    "silence_seconds", "Since the server was last heard of: an event, a bookmark, a list."
)
_WATCH_AGE: Final = _gauge("watch_age_seconds", "Age of the oldest watch under way.")
DECLARED: Final = (*_COUNTED, *_GAUGES, _DEPTH, _OLDEST, _SYNCED, _SILENCE, _WATCH_AGE)


@attrs.define
class _Counted:
    """What one informer has counted, held beyond its end."""

    label: Label
    statistics: list[Statistics]
    store: Store
    memos: Memos


class InformerCollector(Collector):
    """Turns the statistics of informers into metric families."""

    def __init__(self, informers: Informers) -> None:
        self._informers = informers
        self._counted: dict[Informer, _Counted] = {}
        self._past: dict[tuple[Label, Declared], int] = {}

    def collect(self) -> Iterator[Metric]:
        """Read every informer once."""
        now = list(self._informers)
        self._follow(now)
        counted = self._sums()
        for declared in _COUNTED:
            yield told(declared, counted[declared].items())
        for declared, read in _GAUGES.items():
            sums: dict[Label, float] = {}
            for informer in now:
                label = label_of(informer.source.kind)
                sums[label] = sums.get(label, 0) + read(informer)
            yield told(declared, sums.items())
        yield from _handlers(now)
        yield from _ages(now)

    def _follow(self, now: list[Informer]) -> None:
        """Note who is there, and keep what those who ended had counted."""
        for informer in now:
            held = self._counted.get(informer)
            if held is None:
                label = label_of(informer.source.kind)
                held = self._counted[informer] = _Counted(label, [], informer.store, informer.memos)
            for reflector in informer.reflectors:
                if not any(s is reflector.statistics for s in held.statistics):
                    held.statistics.append(reflector.statistics)
        for informer in self._counted.keys() - set(now):
            held = self._counted.pop(informer)
            for declared, count in _counts(held).items():
                key = (held.label, declared)
                self._past[key] = self._past.get(key, 0) + count

    def _sums(self) -> dict[Declared, dict[Label, float]]:
        sums: dict[Declared, dict[Label, float]] = {declared: {} for declared in _COUNTED}
        for (label, declared), count in self._past.items():
            sums[declared][label] = count
        for held in self._counted.values():
            for declared, count in _counts(held).items():
                so_far = sums[declared].get(held.label, 0)
                sums[declared][held.label] = so_far + count
        return sums


def label_of(kind: Kind) -> Label:
    """The labels of a kind."""
    return (kind.kind, kind.group)


def _counts(held: _Counted) -> dict[Declared, int]:
    counts = {d: sum(read(s) for s in held.statistics) for d, read in _COUNTERS.items()}
    return counts | {
        _STALE_REFUSED: held.store.stale_refused,
        _MEMO_HITS: held.memos.hits,
        _MEMO_MISSES: held.memos.misses,
    }


def _handlers(informers: list[Informer]) -> Iterator[Metric]:
    """How far each handler is behind; those of one name on one kind are told together."""
    depth: dict[tuple[str, ...], float] = {}
    oldest: dict[tuple[str, ...], float] = {}
    for informer in informers:
        for handler in informer.registrations:
            label = (*label_of(informer.source.kind), handler.name)
            depth[label] = depth.get(label, 0) + handler.depth
            oldest[label] = max(oldest.get(label, 0.0), handler.oldest_age())
    yield told(_DEPTH, depth.items())
    yield told(_OLDEST, oldest.items())


def _ages(informers: list[Informer]) -> Iterator[Metric]:
    """How long ago the server was heard of; a kind without any contact yet has no age."""
    silence: dict[Label, float] = {}
    watch: dict[Label, float] = {}
    synced: dict[Label, float] = {}
    for informer in informers:
        label = label_of(informer.source.kind)
        now = informer.clock.monotonic()
        synced[label] = min(synced.get(label, 1), int(informer.has_synced))
        stale = informer.staleness()
        if informer.reflectors and stale != float("inf"):
            silence[label] = max(silence.get(label, 0.0), stale)
        for reflector in informer.reflectors:
            since = reflector.statistics.watching_since
            if since is not None:
                watch[label] = max(watch.get(label, 0.0), now - since)
    yield told(_SYNCED, synced.items())
    yield told(_SILENCE, silence.items())
    yield told(_WATCH_AGE, watch.items())
