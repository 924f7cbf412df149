"""What was said of a metric, apart from what follows from it for a workload at a moment.

Answers may take seconds to come, and in that time pods come and go and somebody else scales. So an
answer knows nothing of the workload that it was asked for; how many pods it asks for is worked out
when a decision is made, from the workload as it is then.
"""

from collections.abc import Mapping
from typing import Protocol

import attrs

from informers.snapshot import Snapshot
from reconcilers.vertice.api.measured import Metric
from reconcilers.vertice.scaler.groups import Sample
from reconcilers.vertice.scaler.listening import (
    Figure,
    Workload,
    answered,
    observed,
    unheard,
    used,
)
from reconcilers.vertice.scaler.proposals import Tolerance
from reconcilers.vertice.scaler.reading.pods import Measured
from reconcilers.vertice.scaler.reading.resources import Unread, samples


class Answer(Protocol):
    """What was said of one metric."""

    def figure(self, workload: Workload, *, now: int) -> Figure:
        """Return what follows from it."""
        ...


@attrs.frozen
class Nothing:
    """Why there is none."""

    metric: Metric
    why: str

    def figure(self, workload: Workload, *, now: int) -> Figure:
        """Return that it could not be read."""
        del workload, now
        return unheard(self.metric, self.why)


@attrs.frozen
class OfQuery:
    """The answer of a query, in thousandths."""

    metric: Metric
    tolerated: Tolerance
    value: int

    def figure(self, workload: Workload, *, now: int) -> Figure:
        """Return what it asks for."""
        del now
        return answered(self.metric, workload, self.value, tolerated=self.tolerated)


@attrs.frozen
class OfObject:
    """A custom metric of one object, in thousandths."""

    metric: Metric
    tolerated: Tolerance
    value: int

    def figure(self, workload: Workload, *, now: int) -> Figure:
        """Return what it asks for."""
        del now
        return observed(self.metric, workload, self.value, tolerated=self.tolerated)


@attrs.frozen
class OfPods:
    """A custom metric of pods; of one that is gone by now it does not count."""

    metric: Metric
    tolerated: Tolerance
    found: Mapping[str, Sample] = attrs.field(repr=False)

    def figure(self, workload: Workload, *, now: int) -> Figure:
        """Return what the pods that there are ask for."""
        found = {pod.name: self.found[pod.name] for pod in workload.pods if pod.name in self.found}
        return used(self.metric, workload, found, tolerated=self.tolerated, now=now)


@attrs.frozen
class OfNamespace:
    """What all pods of a namespace use, undecoded."""

    metric: Metric
    tolerated: Tolerance
    resource: Measured
    container: str
    found: Mapping[str, Snapshot] = attrs.field(repr=False)

    def figure(self, workload: Workload, *, now: int) -> Figure:
        """Return what the pods of a workload ask for."""
        names = (pod.name for pod in workload.pods)
        try:
            found = samples(self.found, names, self.resource, self.container)
        except Unread as error:
            return unheard(self.metric, str(error))
        return used(self.metric, workload, found, tolerated=self.tolerated, now=now)
