"""What a pod counts as when its workload is measured: ready, not ready, without a sample, ignored.

The rules are those of the HorizontalPodAutoscaler in Kubernetes 1.36, to the letter: a pod that is
still starting burns CPU that says nothing of the load, and one that was just made has no sample.
Times are nanoseconds since 1970, as what is compared are moments of two clocks of the cluster.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import attrs

SECOND: Final = 1_000_000_000
Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Unknown", ""]


@attrs.frozen(kw_only=True)
class PodFacts:
    """As much of a pod as decides what it counts as.

    `ready` is the status of its Ready condition, empty if it has none; `ready_at` is when that
    last changed.
    """

    name: str
    phase: Phase = "Running"
    is_deleting: bool = False
    ready: str = "True"
    ready_at: int = 0
    started_at: int | None = 0

    @property
    def is_serving(self) -> bool:
        """Whether it runs and is ready."""
        return self.phase == "Running" and self.ready == "True"


@attrs.frozen(kw_only=True)
class Sample:
    """What was measured of a pod, in thousandths; `window` is what it was averaged over."""

    value: int
    at: int = 0
    window: int = 0


@attrs.frozen(kw_only=True)
class Patience:
    """How long pods are taken to be starting."""

    initialization: int = 300 * SECOND
    first_readiness: int = 30 * SECOND


@attrs.frozen(kw_only=True)
class Groups:
    """The pods of a workload by what they count as; all but the ready ones by name."""

    ready: int
    unready: frozenset[str]
    missing: frozenset[str]
    ignored: frozenset[str]


def grouped(
    pods: Iterable[PodFacts],
    samples: Mapping[str, Sample],
    *,
    is_cpu: bool,
    now: int,
    patience: Patience,
) -> Groups:
    """Say what each pod counts as."""
    ready = 0
    unready, missing, ignored = set[str](), set[str](), set[str]()
    for pod in pods:
        if pod.is_deleting or pod.phase == "Failed":
            ignored.add(pod.name)
        elif pod.phase == "Pending":
            unready.add(pod.name)
        elif (sample := samples.get(pod.name)) is None:
            missing.add(pod.name)
        elif is_cpu and _is_starting(pod, sample, now, patience):
            unready.add(pod.name)
        else:
            ready += 1
    return Groups(
        ready=ready,
        unready=frozenset(unready),
        missing=frozenset(missing),
        ignored=frozenset(ignored),
    )


def _is_starting(pod: PodFacts, sample: Sample, now: int, patience: Patience) -> bool:
    """Whether what a pod burns is not the load yet."""
    if not pod.ready or pod.started_at is None:
        return True
    is_unready = pod.ready == "False"
    if pod.started_at + patience.initialization > now:
        return is_unready or sample.at < pod.ready_at + sample.window
    # Older, and never ready since it started.
    return is_unready and pod.started_at + patience.first_readiness > pod.ready_at
