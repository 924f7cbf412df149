"""What `/debug` shows: facts about the running program, as plain data.

Each function reads and copies; nothing here changes the program. Those that touch what belongs to
the event loop are called there (see `debug`).
"""

import asyncio
import gc
import resource
import tracemalloc
from collections.abc import Sequence
from typing import Any, Final

from controller.runtime.controller import Controller
from controller.runtime.obs.gcpauses import GcPauses
from controller.runtime.obs.looplag import LoopLag
from informers.factory import Informers
from informers.shared import Informer

FRAMES: Final = 3
TOP: Final = 25
FIRST: Final = "it was in the first list"
FORGOTTEN: Final = "it was in the first list, or its reason is no longer remembered"
Page = dict[str, Any]


def tasks() -> Page:
    """Every task: its name, what it runs and where it waits."""
    now = asyncio.current_task()
    found = sorted((t for t in asyncio.all_tasks() if t is not now), key=asyncio.Task.get_name)
    return {"count": len(found), "tasks": [_task(task) for task in found]}


def _task(task: asyncio.Task[Any]) -> Page:
    return {
        "name": task.get_name(),
        "coroutine": getattr(task.get_coro(), "__qualname__", ""),
        "cancelling": bool(task.cancelling()),
        "stack": [
            f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
            for frame in task.get_stack(limit=FRAMES)
        ],
    }


def loop(lag: LoopLag) -> Page:
    """How late the loop runs, what it does now, and what it was stuck in."""
    statistics = lag.statistics
    mean = statistics.total / statistics.beats if statistics.beats else 0.0
    return {
        "late_seconds": round(lag.lateness, 4),
        "lag_seconds": {
            "last": round(statistics.last, 4),
            "mean": round(mean, 4),
            "longest": round(statistics.longest, 4),
        },
        "beats": statistics.beats,
        "blocks": statistics.blocks,
        "stack_now": lag.current_stack(),
        "blocked": [
            {
                "seconds_ago": round(lag.now - dump.at, 1),
                "late_seconds": round(dump.seconds, 3),
                "function": dump.function,
                "stack": dump.stack,
            }
            for dump in reversed(lag.dumps)
        ],
    }


def memory(informers: Informers, pauses: GcPauses) -> Page:
    """Resident memory, collections, sizes of caches, and the largest allocations if traced."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "max_rss_bytes": usage.ru_maxrss * 1024,
        "gc": {
            "thresholds": gc.get_threshold(),
            "counts": gc.get_count(),
            "frozen": gc.get_freeze_count(),
            "generations": [
                {"pauses": p.count, "seconds": round(p.total, 4), "longest": round(p.longest, 4)}
                for p in pauses.generations
            ],
        },
        "caches": [_size(informer) for informer in informers],
        "tracemalloc": _traced(),
    }


def _size(informer: Informer) -> Page:
    raw = sum(len(snapshot.raw) for snapshot in informer.store)
    return {"kind": str(informer.source.kind), "objects": len(informer.store), "raw_bytes": raw}


def _traced() -> Page:
    if not tracemalloc.is_tracing():
        return {"tracing": False, "start": "PUT /debug/memory?tracemalloc=start"}
    current, peak = tracemalloc.get_traced_memory()
    return {"tracing": True, "current_bytes": current, "peak_bytes": peak}


def allocations() -> list[Page]:
    """The lines that hold most memory; takes seconds on a large heap."""
    if not tracemalloc.is_tracing():
        return []
    found = tracemalloc.take_snapshot().statistics("lineno")[:TOP]
    return [{"where": str(s.traceback[0]), "bytes": s.size, "blocks": s.count} for s in found]


def caches(informers: Informers) -> Page:
    """Every informer: what it holds, as of when, and how its server behaves."""
    refused = {str(kind): why for kind, why in informers.verdicts.refused.items()}
    return {"informers": [_cache(informer) for informer in informers], "listed_because": refused}


def _cache(informer: Informer) -> Page:
    source, store = informer.source, informer.store
    now = informer.clock.monotonic()
    return {
        "kind": str(source.kind),
        "label_selector": source.label_selector,
        "field_selector": source.field_selector,
        "metadata_only": source.metadata_only,
        "objects": len(store),
        "synced": informer.has_synced,
        "absent": informer.is_absent,
        "silence_seconds": _finite(informer.staleness()),
        "untold": informer.untold,
        "doubtful": store.doubtful,
        "stale_refused": store.stale_refused,
        "scopes": [
            {
                "namespace": reflector.scope.namespace or "(all)",
                "version": reflector.scope.version,
                "synced": reflector.scope.synced,
                "lists": reflector.statistics.lists,
                "watches": reflector.statistics.watches,
                "watch_seconds": _since(now, reflector.statistics.watching_since),
                "events": reflector.statistics.events,
                "bookmarks": reflector.statistics.bookmarks,
                "failures": reflector.statistics.failures,
                "last_error": reflector.statistics.last_error,
            }
            for reflector in informer.reflectors
        ],
    }


def why(controller: Controller, key: str, *, now: float) -> Page:
    """Why a key was called for last, what came of it and what is going on with it."""
    queue, cause = controller.queue, f"{controller.name}/{key}"
    return {
        "controller": controller.name,
        "key": key,
        "last_reason": _told(controller.why.of(key), now) or _first_reason(controller, key),
        "last_error": _told(controller.troubles.of(key), now),
        "queue": queue.state_of(key),
        "failures": queue.num_requeues(key),
        "doubts": {
            str(informer.source.kind): doubts
            for informer in controller.gate.caches or ()
            if (doubts := informer.store.doubts_of(cause))
        },
        "cached": {
            str(informer.source.kind): held.resource_version
            for informer in controller.gate.caches or ()
            if (held := informer.store.get(key)) is not None
        },
    }


def _first_reason(controller: Controller, key: str) -> Page | None:
    """Why an object was called for of which nothing is noted, if there is such an object."""
    if not controller.is_there(key):
        return None
    return {"seconds_ago": None, "what": FORGOTTEN if controller.why.has_forgotten else FIRST}


def controllers(found: Sequence[Controller]) -> Page:
    """Every controller: its outcomes and its queue."""
    return {c.name: {"outcomes": c.statistics.outcomes, "queue": _queue(c)} for c in found}


def _queue(controller: Controller) -> Page:
    now = controller.queue.statistics()
    return {
        "depth": dict(now.depth),
        "delayed": now.delayed,
        "processing": now.processing,
        "failing": now.limited,
        "oldest_age_seconds": round(now.oldest_age_seconds, 3),
        "longest_running_seconds": round(now.longest_running_seconds, 3),
    }


def _told(note: tuple[float, str] | None, now: float) -> Page | None:
    return None if note is None else {"seconds_ago": round(now - note[0], 3), "what": note[1]}


def _since(now: float, then: float | None) -> float | None:
    return None if then is None else round(now - then, 1)


def _finite(seconds: float) -> float | None:
    return None if seconds == float("inf") else round(seconds, 3)
