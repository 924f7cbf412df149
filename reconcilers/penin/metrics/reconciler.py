"""Reads what the services of a cluster measure and shows it in its status, every half minute.

It is a controller of its own, so that a pod that does not answer holds up no rollout, and it owns
nothing of the status but the figures and the condition that says whether they can be had. A
cluster whose figures cannot be read is no less healthy for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import attrs
from msgspec import UNSET

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.predicate import spec_changed
from controller.runtime.reconcile import Request, Result, after, done
from controller.runtime.runtime import Runtime
from controller.runtime.stated import stated
from informers.meta.conditions import Condition
from reconcilers.penin.api.v1alpha1 import Measured, MetricsStatus, PeninOmegaCluster
from reconcilers.penin.cluster.labelled import Labelled
from reconcilers.penin.cluster.podstate import PODS, Pod
from reconcilers.penin.cluster.services import CHAMPION, SERVICES, TRACK, Role
from reconcilers.penin.metrics.exposition import Page
from reconcilers.penin.metrics.figures import figures, missing
from reconcilers.penin.metrics.scraper import Scraper, Unread

NAME: Final = "penin-metrics"
PERIOD: Final = 30.0
SOON: Final = 5.0
KIND: Final = "MetricsAvailable"
_SPREAD: Final = 0.1
_TOLD: Final = 3

Address = Callable[[Pod, Role], str]


def address(pod: Pod, role: Role) -> str:
    """Return where a pod tells its metrics."""
    host = f"[{pod.status.pod_ip}]" if ":" in pod.status.pod_ip else pod.status.pod_ip
    return f"http://{host}:{role.port}/metrics"


@attrs.frozen(kw_only=True)
class Reading:
    """What came of reading a cluster's pods: pages by service, and why others were not read."""

    pages: Mapping[str, Sequence[Page]]
    unread: Mapping[str, str]


def condition(cluster: PeninOmegaCluster, reading: Reading, found: MetricsStatus) -> Condition:
    """Say whether the figures can be had, and if not, why."""
    absent = missing(found)
    lost = "; ".join(f"{pod} {why}" for pod, why in sorted(reading.unread.items())[:_TOLD])
    if not any(reading.pages.values()):
        reason = "Unreachable" if lost else "NoReadyPods"
        return stated(cluster, KIND, reason, lost or "no pod is ready yet", is_so=False)
    if absent:
        text = f"no pod tells {', '.join(absent)}"
        return stated(cluster, KIND, "NotExposed", f"{text}; {lost}" if lost else text, is_so=False)
    number = sum(map(len, reading.pages.values()))
    text = f"{number} pods were read"
    return stated(cluster, KIND, "Scraped", f"{text}; not so: {lost}" if lost else text, is_so=True)


class PeninMetricsReconciler:
    """Reads the pods of one cluster at a time."""

    def __init__(self, runtime: Runtime, *, address: Address) -> None:
        self._clusters = runtime.lister(PeninOmegaCluster)
        self._pods = Labelled(runtime.lister(Pod, PODS))
        self._status = runtime.status_writer(NAME, PeninOmegaCluster, stamp="lastUpdateTime")
        self._scraper = Scraper()
        self._address = address
        self._is_reaching = runtime.reaches_pods
        self._rng = runtime.rng

    async def reconcile(self, request: Request) -> Result:
        """Read, and tell."""
        snapshot = self._clusters.snapshot(request.key)
        if snapshot is None or snapshot.is_deleting:
            return done()
        cluster = self._clusters.memo.typed(snapshot)
        refusal = self._refusal(cluster)
        if refusal is not None:
            await self._status.write(snapshot, Measured(), [refusal])
            return done()
        reading = await self._read(request)
        found = figures(reading.pages)
        measured = Measured(metrics=found if missing(found) != missing(MetricsStatus()) else UNSET)
        await self._status.write(snapshot, measured, [condition(cluster, reading, found)])
        return after(self._pause(is_read=any(reading.pages.values())))

    def _refusal(self, cluster: PeninOmegaCluster) -> Condition | None:
        """Say why nothing is read at all, if so."""
        if not cluster.spec.observability.metrics:
            text = "spec.observability.metrics is false"
            return stated(cluster, KIND, "TurnedOff", text, is_so=False)
        if not self._is_reaching:
            text = "the manager runs outside the cluster, where pods cannot be reached"
            return stated(cluster, KIND, "OutsideTheCluster", text, is_so=False)
        return None

    async def _read(self, request: Request) -> Reading:
        """Read all pods that are ready."""
        pods = self._pods.of(request.key, {TRACK: CHAMPION})
        places = {
            pod.name: (role, self._address(pod, role))
            for pod in pods
            for role in SERVICES
            if pod.is_ready and (pod.metadata.labels or {}).get("service") == role.label
        }
        answers = await self._scraper.read({name: url for name, (_, url) in places.items()})
        pages: dict[str, list[Page]] = {role.key: [] for role in SERVICES}
        unread: dict[str, str] = {}
        for name, answer in answers.items():
            if isinstance(answer, Unread):
                unread[name] = answer.why
            else:
                pages[places[name][0].key].append(answer)
        return Reading(pages=pages, unread=unread)

    def _pause(self, *, is_read: bool) -> float:
        """Return when to look again: not with all other clusters at once."""
        period = PERIOD if is_read else SOON
        return period * self._rng.uniform(1 - _SPREAD, 1 + _SPREAD)


def set_up(runtime: Runtime, *, address: Address = address) -> Controller:
    """Put the controller together."""
    builder = Builder(runtime, NAME).for_(PeninOmegaCluster, spec_changed)
    return builder.complete(PeninMetricsReconciler(runtime, address=address))
