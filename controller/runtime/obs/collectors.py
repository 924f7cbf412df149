"""Every figure of a manager, for Prometheus; read when it scrapes.

Nothing here is counted for Prometheus: the parts keep plain numbers, and a collector names them.
Labels are names of controllers, kinds, methods, codes and outcomes, never of objects, so the number
of series depends on what was built and not on what is in the cluster (T46). Every outcome is told
from the start as 0, so that a rate sees the first one.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from controller.runtime.apply import ApplySet
from controller.runtime.controller import BUCKETS, OUTCOMES, Controller
from controller.runtime.election.elector import Elector
from controller.runtime.election.metrics import ElectionCollector
from controller.runtime.events.recorder import Recorder
from controller.runtime.obs.auth import Gatekeeper
from controller.runtime.obs.figures import counter, gauge, histogram
from controller.runtime.obs.gcpauses import BOUNDS as GC_BOUNDS
from controller.runtime.obs.gcpauses import GcPauses
from controller.runtime.obs.kinds import InformerCollector
from controller.runtime.obs.looplag import BOUNDS as LAG_BOUNDS
from controller.runtime.obs.looplag import LoopLag
from controller.runtime.obs.remembered import RememberedCollector
from controller.runtime.obs.scrape import Collectors
from controller.runtime.source import KindSource
from controller.runtime.workqueue.metrics import WorkQueueCollector
from informers.client import Client
from informers.drift import MANAGER_PREFIX
from informers.factory import Informers
from informers.latency import LATENCY_BOUNDS

FAILED: Final = ("error", "timeout", "terminal")


@attrs.frozen(kw_only=True)
class Observed:
    """The parts of a program whose figures are told."""

    controllers: Sequence[Controller]
    apply_sets: Sequence[ApplySet] = ()
    informers: Informers
    clients: Sequence[Client]
    recorders: Sequence[Recorder]
    elector: Elector | None
    gatekeeper: Gatekeeper | None = None
    lag: LoopLag
    pauses: GcPauses


def collectors(observed: Observed) -> Collectors:
    """The collectors of a program."""
    queues = WorkQueueCollector()
    for controller in observed.controllers:
        queues.add(controller.queue)
    election = () if observed.elector is None else (ElectionCollector(observed.elector.statistics),)
    return Collectors(
        on_loop=(
            ControllerCollector(observed.controllers),
            ApplyCollector(observed.apply_sets),
            queues,
            InformerCollector(observed.informers),
            ClientCollector(observed.clients),
            RecorderCollector(observed.recorders),
            RememberedCollector(
                controllers=observed.controllers,
                apply_sets=observed.apply_sets,
                clients=observed.clients,
                recorders=observed.recorders,
                gatekeeper=observed.gatekeeper,
            ),
            *election,
            TaskCollector(),
        ),
        anywhere=(
            LoopCollector(observed.lag, observed.pauses),
            ProcessCollector(namespace="pentad", registry=None),
        ),
    )


class ControllerCollector(Collector):
    """Reconciles: how many, how they ended, how long they took, what keeps the workers busy."""

    def __init__(self, controllers: Sequence[Controller]) -> None:
        self._controllers = controllers

    def collect(self) -> Iterator[Metric]:
        """Read every controller once."""
        found = {(c.name,): c for c in self._controllers}
        stats = {name: c.statistics for name, c in found.items()}
        label = ("controller",)
        yield counter(
            "reconcile",
            "Reconciles by how they ended.",
            ("controller", "result"),
            [((*n, o), s.outcomes[o]) for n, s in stats.items() for o in OUTCOMES],
        )
        texts = {
            "error": "Reconciles that raised and will be tried again.",
            "timeout": "Reconciles cut short at their time limit.",
            "terminal": "Reconciles that gave up until their object changes.",
        }
        names = {"error": "errors", "timeout": "timeouts", "terminal": "terminal_errors"}
        for outcome in FAILED:
            values = [(n, s.outcomes[outcome]) for n, s in stats.items()]
            yield counter(f"reconcile_{names[outcome]}", texts[outcome], label, values)
        yield histogram(
            "reconcile_duration_seconds",
            "How long reconciles took.",
            label,
            BUCKETS,
            [(n, s.buckets, s.seconds) for n, s in stats.items()],
        )
        active = [(n, s.active) for n, s in stats.items()]
        yield gauge("active_workers", "Workers that hold a key.", label, active)
        workers = [(n, c.options.workers) for n, c in found.items()]
        yield gauge("max_workers", "Workers there are.", label, workers)
        settled = [(n, c.gate.settled) for n, c in found.items()]
        yield counter(
            "gate_settled", "Doubtful objects read live before a reconcile.", label, settled
        )
        yield counter(
            "predicate_errors",
            "Predicates that raised; the change was let through.",
            label,
            [(n, sum(s.predicate_errors for s in _kinds(c))) for n, c in found.items()],
        )
        yield counter(
            "mapper_errors",
            "Mappers that raised; what they would have called for was not.",
            label,
            [(n, sum(s.mapper_errors for s in _kinds(c))) for n, c in found.items()],
        )


def _kinds(controller: Controller) -> list[KindSource]:
    return [source for source in controller.sources if isinstance(source, KindSource)]


class ApplyCollector(Collector):
    """Children of objects: what keeping them so takes, and who fights over them."""

    def __init__(self, apply_sets: Sequence[ApplySet]) -> None:
        self._apply_sets = apply_sets

    def collect(self) -> Iterator[Metric]:
        """Read every apply set once; those of one controller are one."""
        children: Counter[tuple[str, ...]] = Counter()
        fights: Counter[tuple[str, ...]] = Counter()
        for found in self._apply_sets:
            name = found.manager.removeprefix(MANAGER_PREFIX)
            children[name, "applied"] += found.applied
            children[name, "unchanged"] += found.unchanged
            children[name, "pruned"] += found.pruned
            fights[name,] += found.fights.told
        yield counter(
            "apply_children",
            "Children applied, found to be as applied, and deleted as no longer desired.",
            ("controller", "result"),
            children.items(),
        )
        yield counter(
            "apply_fights",
            "Children that somebody undid so often that their users were told.",
            ("controller",),
            fights.items(),
        )


class ClientCollector(Collector):
    """Requests to the API server."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = clients

    def collect(self) -> Iterator[Metric]:
        """Read every client once."""
        requests: dict[tuple[str, ...], float] = {}
        counts: dict[str, list[int]] = {}
        seconds: dict[str, float] = {}
        for client in self._clients:
            for (method, code), count in client.answers.items():
                key = (method, str(code))
                requests[key] = requests.get(key, 0) + count
            for method, count in client.unanswered.items():
                requests[method, "none"] = requests.get((method, "none"), 0) + count
            for method, latency in client.latencies.items():
                held = counts.setdefault(method, [0] * len(latency.counts))
                counts[method] = [a + b for a, b in zip(held, latency.counts, strict=True)]
                seconds[method] = seconds.get(method, 0.0) + latency.seconds
        yield counter(
            "client_requests",
            "Requests by method and status code; code none got no answer.",
            ("method", "code"),
            requests.items(),
        )
        yield histogram(
            "client_request_duration_seconds",
            "From sending a request to the end of its answer; watches apart.",
            ("method",),
            LATENCY_BOUNDS,
            [((method,), counts[method], seconds[method]) for method in counts],
        )


class RecorderCollector(Collector):
    """Events for users."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self._recorders = recorders

    def collect(self) -> Iterator[Metric]:
        """Read every recorder once."""
        recorders = self._recorders
        sums = {
            "written": sum(r.written for r in recorders),
            "kept_back": sum(r.kept_back for r in recorders),
            "dropped": sum(r.dropped for r in recorders),
        }
        yield counter(
            "events",
            "Events written, only counted to spare the server, and dropped.",
            ("result",),
            [((result,), count) for result, count in sums.items()],
        )
        depth = sum(r.depth for r in recorders)
        yield gauge("events_queue_depth", "Events that wait to be written.", (), [((), depth)])


class TaskCollector(Collector):
    """Tasks of the event loop."""

    def collect(self) -> Iterator[Metric]:
        """Count them."""
        count = len(asyncio.all_tasks())
        yield gauge("tasks", "Tasks of the event loop.", (), [((), count)])


class LoopCollector(Collector):
    """How late the loop runs and how long collections stop it; needs no loop to be read."""

    def __init__(self, lag: LoopLag, pauses: GcPauses) -> None:
        self._lag = lag
        self._pauses = pauses

    def collect(self) -> Iterator[Metric]:
        """Read both."""
        lag = self._lag.statistics
        yield histogram(
            "event_loop_lag_seconds",
            "How late the loop ran, sampled once a second.",
            (),
            LAG_BOUNDS,
            [((), lag.buckets, lag.total)],
        )
        late = self._lag.lateness
        yield gauge("event_loop_late_seconds", "For how long it is late now.", (), [((), late)])
        yield counter("event_loop_blocks", "Blocks whose stack was taken.", (), [((), lag.blocks)])
        generations = [((str(n),), p) for n, p in enumerate(self._pauses.generations)]
        label = ("generation",)
        yield histogram(
            "gc_pause_seconds",
            "How long the garbage collector stopped the program.",
            label,
            GC_BOUNDS,
            [(n, p.buckets, p.total) for n, p in generations],
        )
        longest = [(n, p.longest) for n, p in generations]
        yield gauge("gc_longest_pause_seconds", "The longest of these stops.", label, longest)
