"""What Prometheus is told of each cluster: read from the cache when it scrapes."""

from collections.abc import Callable
from typing import Final, get_args

import msgspec
from msgspec import Struct

from controller.runtime.obs.cached import CachedFigures, Read
from controller.runtime.obs.declared import Told
from controller.runtime.pause import is_paused
from controller.runtime.registration import Figures
from controller.runtime.runtime import Runtime
from informers.lister import Lister
from informers.meta.codec import decoder
from informers.meta.conditions import Condition
from informers.meta.duration import SECOND
from informers.meta.errors import UNREADABLE
from informers.snapshot import Snapshot
from reconcilers.penin import exported
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster, Phase

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
STUCK: Final = "RolloutStuck"
_PROGRESSING: Final = "Progressing"
_TRUTH: Final = {"True": 1.0, "False": 0.0}


class _Spec(Struct, frozen=True):
    version: str = ""


class _Status(Struct, frozen=True, rename="camel"):
    phase: str = ""
    ready_services: str = ""
    conditions: tuple[Condition, ...] = ()


class _Seen(Struct, frozen=True):
    """As much of a cluster as figures are made of."""

    spec: _Spec = _Spec()
    status: _Status = _Status()


_SEEN: Final = decoder(_Seen)


def read(snapshot: Snapshot) -> Read:
    """Return what is to be told of one cluster; of one that makes no sense nothing."""
    try:
        seen = _SEEN.decode(snapshot.raw)
    except UNREADABLE:
        return ()
    status = seen.status
    conditions = {each.type: each for each in status.conditions}
    progressing = conditions.get(_PROGRESSING)
    is_stuck = progressing is not None and progressing.reason == STUCK
    return (
        (exported.INFO, (seen.spec.version,), 1.0),
        (exported.PAUSED, (), float(is_paused(snapshot))),
        (exported.ROLLOUT_STUCK, (), float(is_stuck)),
        *_phases(status.phase),
        *_services(status.ready_services),
        *(
            (exported.CONDITION, (each.type,), _TRUTH[each.status])
            for each in status.conditions
            if each.status in _TRUTH
        ),
        *_changed(status.conditions),
    )


def _phases(phase: str) -> Read:
    """Tell every phase of a cluster that has one, so that a rate of changes can be seen."""
    if not phase:
        return ()
    return tuple((exported.PHASE, (each,), float(each == phase)) for each in PHASES)


def _services(ready: str) -> Read:
    """Tell what the printed column says, such as 3/4."""
    some, slash, all_ = ready.partition("/")
    if not slash or not some.isdecimal() or not all_.isdecimal():
        return ()
    return (
        (exported.READY_SERVICES, (), float(some)),
        (exported.SERVICES, (), float(all_)),
    )


def _changed(conditions: tuple[Condition, ...]) -> Read:
    times = [
        each.last_transition_time.nanoseconds
        for each in conditions
        if each.last_transition_time is not msgspec.UNSET and not each.last_transition_time.is_zero
    ]
    return ((exported.CHANGED, (), max(times) / SECOND),) if times else ()


def of_clusters(clusters: Lister[PeninOmegaCluster]) -> CachedFigures:
    """Return the figures of all clusters, as the cache shows them."""
    return CachedFigures(clusters, exported.OF_CLUSTERS, read=read)


def gauges(runtime: Runtime) -> Callable[[], Told]:
    """Return what reads them, from the cache that the controller has anyway."""
    return of_clusters(runtime.lister(PeninOmegaCluster))


FIGURES: Final = Figures(declared=exported.OF_CLUSTERS, reader=gauges)
"""For the family's registration."""
