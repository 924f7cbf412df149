"""The pods that a selector finds, without a look at all others of their namespace.

A namespace may hold thousands of pods, and a thousand scalers look four times a minute. So pods are
indexed by each of their labels; of what a selector wants to be equal, the label that fewest pods
have is taken, and the rest of the selector is held against those alone.
"""

from collections.abc import Iterable
from typing import Final

from informers.lister import Lister
from informers.meta.errors import SelectorError
from informers.meta.selectors import LabelSelector
from informers.snapshot import Snapshot
from reconcilers.vertice.scaler.reading.pods import Pod

_INDEX: Final = "vertice.io/label"
_EQUAL: Final = frozenset({"=", "==", "in"})


class Selection:
    """Finds pods."""

    def __init__(self, pods: Lister[Pod]) -> None:
        self._pods = pods
        self._store = pods.informer.store
        if not self._store.has_index(_INDEX):
            self._store.add_index(_INDEX, _labels)

    def find(self, namespace: str, selector: str) -> tuple[Pod, ...] | None:
        """Return the pods of a namespace that match; None if a selector tells none from others."""
        wanted = _wanted(selector)
        if wanted is None:
            return None
        found = self._fewest(namespace, wanted)
        return tuple(self._pods.memo.typed(each) for each in found if wanted.matches(each.labels))

    def _fewest(self, namespace: str, wanted: LabelSelector) -> Iterable[Snapshot]:
        """Return as few pods as an index leaves."""
        entries = [
            _entry(namespace, each.key, each.values[0])
            for each in wanted.requirements
            if each.operator in _EQUAL and len(each.values) == 1
        ]
        if not entries:
            return self._store.in_namespace(namespace)
        fewest = min(entries, key=lambda each: len(self._store.index_keys(_INDEX, each)))
        return self._store.by_index(_INDEX, fewest)


def is_telling(selector: str) -> bool:
    """Whether a selector tells pods from others."""
    return _wanted(selector) is not None


def _wanted(selector: str) -> LabelSelector | None:
    try:
        wanted = LabelSelector.parse(selector)
    except SelectorError:
        return None
    return None if wanted.selects_everything else wanted


def _labels(pod: Snapshot) -> Iterable[str]:
    return [_entry(pod.meta.namespace, key, value) for key, value in pod.labels.items()]


def _entry(namespace: str, key: str, value: str) -> str:
    return f"{namespace}/{key}={value}"
