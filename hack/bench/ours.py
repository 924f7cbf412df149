"""Our own peer: the Widget controller as a user of the runtime would write it.

The parts are the shipped ones and the settings those fixed for every peer: 10 workers, no client
rate limit, a Lease of 15/10/2 s released on cancel, JSON logs to a file. Like its Go twin it reads
the typed Widget from the cache, owns ConfigMaps, and writes a status only when it has a stamp.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from controller.runtime.apply import Owner
from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.elector import Elector
from controller.runtime.finalizer import ensure_finalizer, remove_finalizer
from controller.runtime.manager import Manager
from controller.runtime.predicate import spec_changed
from controller.runtime.reconcile import Request, Result, done
from controller.runtime.runtime import Runtime
from controller.runtime.source import IteratorSource
from hack.bench.tracker import Tracker
from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from tests.kit.widget import desired, status
from tests.kit.widget.api import WIDGET, Widget
from tests.kit.widget.reconciler import FINALIZER, NAME

_WORKERS = 10


class WidgetReconciler:
    """Finalizer, owned ConfigMaps, status last and only when asked for."""

    def __init__(self, runtime: Runtime, tracker: Tracker, *, stamp: str) -> None:
        self._client = runtime.client
        self._widgets = runtime.lister(Widget)
        self._children = runtime.apply_set(NAME, [CONFIG_MAP])
        self._status = runtime.status_writer(NAME, Widget)
        self._tracker = tracker
        self._stamp = stamp

    async def reconcile(self, request: Request) -> Result:
        """Compare and act."""
        snapshot = self._widgets.snapshot(request.key)
        if snapshot is None:
            return done()
        if snapshot.is_deleting:
            await remove_finalizer(self._client, WIDGET, snapshot, FINALIZER)
            return done()
        snapshot = await ensure_finalizer(self._client, WIDGET, snapshot, FINALIZER)
        widget = self._widgets.memo.typed(snapshot)
        crc = desired.checksum(request.name, widget.spec)
        owner = Owner(kind=WIDGET, snapshot=snapshot)
        applied = await self._children.apply(owner, desired.children(widget, crc=crc))
        if self._stamp:
            found = status.status(widget, crc=crc, ready=len(applied.children), stamp=self._stamp)
            await self._status.write(snapshot, found, [status.ready(widget)])
        self._tracker.reconciled(request.name, crc, widget.spec.size)
        return done()


class Commands:
    """The harness's end of our stdin; a resync it asks for becomes keys."""

    def __init__(self, tracker: Tracker, widgets: Runtime) -> None:
        self._tracker = tracker
        self._widgets = widgets.lister(Widget)
        self._resyncs: asyncio.Queue[None] = asyncio.Queue()

    async def keys(self) -> AsyncIterator[str]:
        """Yield every Widget's key, once per resync."""
        while True:
            await self._resyncs.get()
            for snapshot in self._widgets.snapshots():
                yield snapshot.key

    async def serve(self, manager: Manager) -> None:
        """Answer until the input ends, then end the manager."""
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            self._tracker.command(line.decode(), resync=lambda: self._resyncs.put_nowait(None))
        manager.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--lease", required=True)
    parser.add_argument("--health", default="127.0.0.1:0")
    parser.add_argument("--metrics", default="127.0.0.1:0")
    parser.add_argument("--log-file", type=Path, default=Path("/dev/null"))
    parser.add_argument("--stamp", default="")
    parser.add_argument("--expected", type=int, required=True)
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def _controller(runtime: Runtime, commands: Commands, reconciler: WidgetReconciler) -> Controller:
    return (
        Builder(runtime, NAME)
        .for_(Widget, spec_changed)
        .owns(CONFIG_MAP)
        .and_source(IteratorSource("resync", commands.keys))
        .with_options(workers=_WORKERS)
        .complete(reconciler)
    )


async def _run(options: argparse.Namespace) -> int:
    log = structlog.get_logger()
    connection = await connect()
    tracker = Tracker(expected=options.expected, record=options.record)
    config = ElectionConfig(name=options.lease, namespace=options.namespace)
    elector = Elector(config, connection, log=log.info)
    client = Client(connection, fence=elector.fence, user_agent="bench-ours")
    runtime = Runtime(client, Informers(client, namespaces=[options.namespace]), log=log)
    commands = Commands(tracker, runtime)
    reconciler = WidgetReconciler(runtime, tracker, stamp=options.stamp)
    controller = _controller(runtime, commands, reconciler)
    manager = Manager(runtime, [controller], log=log, elector=elector)
    manager.install_signals()
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(commands.serve(manager))
        tracker.say("started")
        code = await manager.run()
        serving.cancel()
    return code


def main() -> int:
    """Run until the input ends or a signal comes."""
    options = _arguments()
    with options.log_file.open("a") as log:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            logger_factory=structlog.WriteLoggerFactory(file=log),
        )
        return asyncio.run(_run(options))


if __name__ == "__main__":
    sys.exit(main())
