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
from controller.runtime.controller import BUCKETS, OUTCOMES, Controller, Outcome
from controller.runtime.election.elector import Elector
from controller.runtime.election.metrics import ElectionCollector
from controller.runtime.events.recorder import Recorder
from controller.runtime.obs.auth import Gatekeeper
from controller.runtime.obs.declared import Declared, counter, gauge, histogram
from controller.runtime.obs.figures import spread, told, told_once
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

RECONCILES: Final = counter(
    "pentad_reconcile_total", "Reconciles by how they ended.", "controller", "result"
)
FAILED: Final[dict[Outcome, Declared]] = {
    "error": counter(
        "pentad_reconcile_errors_total",
        "Reconciles that raised and will be tried again.",
        "controller",
    ),
    "timeout": counter(
        "pentad_reconcile_timeouts_total", "Reconciles cut short at their time limit.", "controller"
    ),
    "terminal": counter(
        "pentad_reconcile_terminal_errors_total",
        "Reconciles that gave up until their object changes.",
        "controller",
    ),
}
DURATION: Final = histogram(
    "pentad_reconcile_duration_seconds", "How long reconciles took.", "controller"
)
ACTIVE: Final = gauge("pentad_active_workers", "Workers that hold a key.", "controller")
WORKERS: Final = gauge("pentad_max_workers", "Workers there are.", "controller")
PAUSED: Final = gauge(
    "pentad_paused_objects",
    "Objects that are left alone because people asked for it.",
    "controller",
)
SETTLED: Final = counter(
    "pentad_gate_settled_total", "Doubtful objects read live before a reconcile.", "controller"
)
PREDICATES: Final = counter(
    "pentad_predicate_errors_total",
    "Predicates that raised; the change was let through.",
    "controller",
)
MAPPERS: Final = counter(
    "pentad_mapper_errors_total",
    "Mappers that raised; what they would have called for was not.",
    "controller",
)
CHILDREN: Final = counter(
    "pentad_apply_children_total",
    "Children applied, found to be as applied, and deleted as no longer desired.",
    "controller",
    "result",
)
FIGHTS: Final = counter(
    "pentad_apply_fights_total",
    "Children that somebody undid so often that their users were told.",
    "controller",
)
REQUESTS: Final = counter(
    "pentad_client_requests_total",
    "Requests by method and status code; code none got no answer.",
    "method",
    "code",
)
LATENCY: Final = histogram(
    "pentad_client_request_duration_seconds",
    "From sending a request to the end of its answer; watches apart.",
    "method",
)
EVENTS: Final = counter(
    "pentad_events_total",
    "Events written, only counted to spare the server, and dropped.",
    "result",
)
EVENTS_DEPTH: Final = gauge("pentad_events_queue_depth", "Events that wait to be written.")
TASKS: Final = gauge("pentad_tasks", "Tasks of the event loop.")
LAG: Final = histogram(
    "pentad_event_loop_lag_seconds", "How late the loop ran, sampled once a second."
)
LATE: Final = gauge("pentad_event_loop_late_seconds", "For how long it is late now.")
BLOCKS: Final = counter("pentad_event_loop_blocks_total", "Blocks whose stack was taken.")
PAUSES: Final = histogram(
    "pentad_gc_pause_seconds", "How long the garbage collector stopped the program.", "generation"
)
LONGEST: Final = gauge(
    "pentad_gc_longest_pause_seconds", "The longest of these stops.", "generation"
)
PROCESS: Final = (
    gauge("pentad_process_virtual_memory_bytes", "Virtual memory size in bytes."),
    gauge("pentad_process_resident_memory_bytes", "Resident memory size in bytes."),
    gauge(
        "pentad_process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
    ),
    counter("pentad_process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
    gauge("pentad_process_open_fds", "Number of open file descriptors."),
    gauge("pentad_process_max_fds", "Maximum number of open file descriptors."),
)
"""What prometheus_client's own collector tells, in its words."""
DECLARED: Final = (
    RECONCILES,
    *FAILED.values(),
    DURATION,
    ACTIVE,
    WORKERS,
    PAUSED,
    SETTLED,
    PREDICATES,
    MAPPERS,
    CHILDREN,
    FIGHTS,
    REQUESTS,
    LATENCY,
    EVENTS,
    EVENTS_DEPTH,
    TASKS,
    LAG,
    LATE,
    BLOCKS,
    PAUSES,
    LONGEST,
    *PROCESS,
)


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
        yield told(
            RECONCILES, [((*n, o), s.outcomes[o]) for n, s in stats.items() for o in OUTCOMES]
        )
        for outcome, declared in FAILED.items():
            yield told(declared, [(n, s.outcomes[outcome]) for n, s in stats.items()])
        yield spread(DURATION, BUCKETS, [(n, s.buckets, s.seconds) for n, s in stats.items()])
        yield told(ACTIVE, [(n, s.active) for n, s in stats.items()])
        yield told(WORKERS, [(n, c.options.workers) for n, c in found.items()])
        yield told(PAUSED, [(n, c.paused) for n, c in found.items()])
        yield told(SETTLED, [(n, c.gate.settled) for n, c in found.items()])
        sources = {n: _kinds(c) for n, c in found.items()}
        yield told(
            PREDICATES, [(n, sum(s.predicate_errors for s in all_)) for n, all_ in sources.items()]
        )
        yield told(
            MAPPERS, [(n, sum(s.mapper_errors for s in all_)) for n, all_ in sources.items()]
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
        yield told(CHILDREN, children.items())
        yield told(FIGHTS, fights.items())


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
        yield told(REQUESTS, requests.items())
        yield spread(
            LATENCY,
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
        yield told(EVENTS, [((result,), count) for result, count in sums.items()])
        yield told_once(EVENTS_DEPTH, sum(r.depth for r in recorders))


class TaskCollector(Collector):
    """Tasks of the event loop."""

    def collect(self) -> Iterator[Metric]:
        """Count them."""
        yield told_once(TASKS, len(asyncio.all_tasks()))


class LoopCollector(Collector):
    """How late the loop runs and how long collections stop it; needs no loop to be read."""

    def __init__(self, lag: LoopLag, pauses: GcPauses) -> None:
        self._lag = lag
        self._pauses = pauses

    def collect(self) -> Iterator[Metric]:
        """Read both."""
        lag = self._lag.statistics
        yield spread(LAG, LAG_BOUNDS, [((), lag.buckets, lag.total)])
        yield told_once(LATE, self._lag.lateness)
        yield told_once(BLOCKS, lag.blocks)
        generations = [((str(n),), p) for n, p in enumerate(self._pauses.generations)]
        yield spread(PAUSES, GC_BOUNDS, [(n, p.buckets, p.total) for n, p in generations])
        yield told(LONGEST, [(n, p.longest) for n, p in generations])
