"""Managers that die between two of their writes, and the successors that finish their work.

    death = Guillotine(7)
    async with hosted(cluster, *set_up, namespaces=[...], fence=death):
        ...                      # the eighth write, and all after it, are never sent
        await death.fell.wait()

What the sweep of a scenario needs: a `Guillotine` counts the writes that may still leave the
process, by the same fence that holds back a manager that lost its Lease, so the program under test
is the shipped one. `remains` is everything in a namespace, without what differs from run to run.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from tests.kit.rest import Rest

_ALLOWED: Final = 60.0
_VOLATILE: Final = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "namespace",
        "lastTransitionTime",
        "lastUpdateTime",
        "clusterIP",
        "clusterIPs",
        "observedGeneration",
        "deployment.kubernetes.io/revision",
        "volumeName",
    }
)


class Guillotine:
    """A fence that lets so many writes pass and then none; None lets all pass, and counts them."""

    def __init__(self, writes: int | None) -> None:
        self.writes = writes
        self.passed = 0
        self.fell = asyncio.Event()

    def remaining(self) -> float:
        """Seconds for which a write may still be under way."""
        if self.writes is not None and self.passed >= self.writes:
            self.fell.set()
            return 0.0
        self.passed += 1
        return _ALLOWED


def remains(rest: Rest, paths: Iterable[str]) -> dict[str, Any]:
    """Return what is in these collections by kind and name, as far as every run is to agree."""
    return {
        f"{path.rpartition('/')[2]}/{each['metadata']['name']}": _stable(each)
        for path in paths
        for each in rest.get(path)["items"]
    }


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _stable(part) for name, part in value.items() if name not in _VOLATILE}
        if "conditions" in kept:  # in the order in which controllers came to write them
            kept["conditions"].sort(key=lambda each: each["type"])
        return kept
    if isinstance(value, list):
        return [_stable(part) for part in value]
    return value
