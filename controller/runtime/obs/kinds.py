"""The caches, for Prometheus: one series per kind and figure, however many informers share it.

An informer that ends takes its counters with it; what it had counted is kept here, so that a
counter of its kind never goes back.
"""

from collections.abc import Callable, Iterator
from typing import Final

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.obs.figures import counter, gauge
from informers.factory import Informers
from informers.feed import Statistics
from informers.memo import Memos
from informers.meta.kinds import Kind
from informers.shared import Informer
from informers.store import Store

LABELS: Final = ("kind", "group")
Label = tuple[str, str]

_COUNTERS: Final[dict[str, tuple[str, Callable[[Statistics], int]]]] = {
    "events": ("Watch events applied.", lambda s: s.events),
    "bookmarks": ("Bookmarks received.", lambda s: s.bookmarks),
    "lists": ("Lists read, page by page.", lambda s: s.lists),
    "watches": ("Watches begun.", lambda s: s.watches),
    "failures": ("Lists and watches that failed.", lambda s: s.failures),
    "silent_watches": ("Watches given up because nothing came.", lambda s: s.silent_watches),
    "decode_errors": ("Events and items of lists that made no sense.", lambda s: s.undecodable),
}
_GAUGES: Final[dict[str, tuple[str, Callable[[Informer], float]]]] = {
    "objects": ("Objects cached.", lambda i: len(i.store) if i.lead is None else 0),
    "memo_objects": ("Objects that readers keep decoded.", lambda i: len(i.memos)),
    "untold": ("Objects that late handlers are still to be told of.", lambda i: i.untold),
    "doubtful": ("Objects in doubt after a write without an answer.", lambda i: i.store.doubtful),
}


_COUNTED: Final = {
    "stale_refused": "States refused because a newer one was held.",
    "memo_hits": "Reads of objects that were decoded before.",
    "memo_misses": "Reads that had to decode.",
}


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
        self._past: dict[tuple[Label, str], int] = {}

    def collect(self) -> Iterator[Metric]:
        """Read every informer once."""
        now = list(self._informers)
        self._follow(now)
        counted = self._sums()
        for name, (text, _) in _COUNTERS.items():
            yield counter(f"informer_{name}", text, LABELS, counted[name].items())
        for name, text in _COUNTED.items():
            yield counter(f"informer_{name}", text, LABELS, counted[name].items())
        for name, (text, read) in _GAUGES.items():
            sums: dict[Label, float] = {}
            for informer in now:
                label = label_of(informer.source.kind)
                sums[label] = sums.get(label, 0) + read(informer)
            yield gauge(f"informer_{name}", text, LABELS, sums.items())
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
            for name, count in _counts(held).items():
                key = (held.label, name)
                self._past[key] = self._past.get(key, 0) + count

    def _sums(self) -> dict[str, dict[Label, float]]:
        sums: dict[str, dict[Label, float]] = {name: {} for name in (*_COUNTERS, *_COUNTED)}
        for (label, name), count in self._past.items():
            sums[name][label] = count
        for held in self._counted.values():
            for name, count in _counts(held).items():
                sums[name][held.label] = sums[name].get(held.label, 0) + count
        return sums


def label_of(kind: Kind) -> Label:
    """The labels of a kind."""
    return (kind.kind, kind.group)


def _counts(held: _Counted) -> dict[str, int]:
    counts = {name: sum(read(s) for s in held.statistics) for name, (_, read) in _COUNTERS.items()}
    return counts | {
        "stale_refused": held.store.stale_refused,
        "memo_hits": held.memos.hits,
        "memo_misses": held.memos.misses,
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
    labels = (*LABELS, "handler")
    text = "Objects whose changes wait for a handler."
    yield gauge("informer_handler_depth", text, labels, depth.items())
    text = "Since when the oldest of them has been waiting."
    yield gauge("informer_handler_oldest_seconds", text, labels, oldest.items())


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
    yield gauge("informer_synced", "Whether the content is complete.", LABELS, synced.items())
    text = "Since the server was last heard of: an event, a bookmark, a list."
    yield gauge("informer_silence_seconds", text, LABELS, silence.items())
    text = "Age of the oldest watch under way."
    yield gauge("informer_watch_age_seconds", text, LABELS, watch.items())
