"""Our own peer: the manager program as shipped, with a Widget controller as users write it.

Flags become those of `python -m controller manager`, so metrics, probes, JSON logs, election and
fence are what every user gets; what the harness fixes for all peers is 10 workers and a Lease of
15/10/2 s, which is the default. Like its Go twin the controller reads the typed Widget from the
cache, owns ConfigMaps, and writes a status only when it has a stamp. The log goes to stderr, which
the harness keeps in a file.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Final

from controller.cmd import manager
from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.finalizer import ensure_finalizer, remove_finalizer
from controller.runtime.ownership import Owner
from controller.runtime.predicate import spec_changed
from controller.runtime.reconcile import Request, Result, done
from controller.runtime.registration import ControllerSpec, Family
from controller.runtime.runtime import Runtime
from controller.runtime.source import IteratorSource
from hack.bench.tracker import Tracker
from informers.lister import Lister
from informers.meta.builtin import CONFIG_MAP
from tests.kit.widget import desired, status
from tests.kit.widget.api import WIDGET, Widget
from tests.kit.widget.reconciler import FINALIZER, NAME

_WORKERS: Final = 10


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


async def _commands(tracker: Tracker, widgets: Lister[Widget]) -> AsyncIterator[str]:
    """Answer the harness; a resync it asks for becomes every Widget's key. Its end is ours."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    wanted: list[str] = []
    while line := await reader.readline():
        tracker.command(
            line.decode(),
            resync=lambda: wanted.extend(found.key for found in widgets.snapshots()),
        )
        while wanted:
            yield wanted.pop()
    os.kill(os.getpid(), signal.SIGTERM)


def _family(options: argparse.Namespace) -> Family:
    """Return what the manager hosts: one controller."""
    tracker = Tracker(expected=options.expected, record=options.record)

    def set_up(runtime: Runtime) -> Controller:
        tracker.say("started")
        widgets = runtime.lister(Widget)
        return (
            Builder(runtime, NAME)
            .for_(Widget, spec_changed)
            .owns(CONFIG_MAP)
            .and_source(IteratorSource("commands", lambda: _commands(tracker, widgets)))
            .with_options(workers=_WORKERS)
            .complete(WidgetReconciler(runtime, tracker, stamp=options.stamp))
        )

    controllers = (ControllerSpec(name=NAME, set_up=set_up),)
    return Family(name="bench", kinds=(Widget,), controllers=controllers)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--lease", required=True)
    parser.add_argument("--health", default="off")
    parser.add_argument("--metrics", default="off")
    parser.add_argument("--log-file", help="ignored: the manager logs to stderr")
    parser.add_argument("--stamp", default="")
    parser.add_argument("--expected", type=int, required=True)
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Run the manager until the input ends or a signal comes."""
    options = _arguments()
    flags = {
        "--namespaces": options.namespace,
        "--lease-name": options.lease,
        "--lease-namespace": options.namespace,
        "--probe-address": options.health,
        "--metrics-address": options.metrics,
    }
    arguments = [f"{flag}={value}" for flag, value in flags.items()]
    return manager.main(arguments, families=[_family(options)])


if __name__ == "__main__":
    sys.exit(main())
