"""The manager nobody kills: it lives through all the faults, and is asked what it holds.

The manager program as shipped, with the Widget family, in a namespace of its own. Being a process
of its own, what it occupies is what a manager occupies: neither the proxy nor the writers count.
Commands come as lines, answers go as lines of JSON.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from controller.cmd import manager
from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.registration import ControllerSpec, Family
from controller.runtime.runtime import Runtime, cached
from controller.runtime.source import IteratorSource
from hack.soak.reckoning import Footprint, Said, fingerprint
from informers.meta.builtin import CONFIG_MAP
from informers.shared import Informer
from tests.kit.widget.api import WIDGET, Widget
from tests.kit.widget.reconciler import NAME, WidgetReconciler

KINDS: Final = (CONFIG_MAP, WIDGET)


def _set_up(runtime: Runtime) -> Controller:
    reconciler = WidgetReconciler(runtime)
    held = [runtime.informers.acquire(cached(kind)) for kind in KINDS]
    return (
        Builder(runtime, NAME)
        .for_(Widget)
        .owns(CONFIG_MAP)
        .and_source(IteratorSource("commands", lambda: _commands(held)))
        .complete(reconciler)
    )


async def _commands(held: Sequence[Informer]) -> AsyncIterator[str]:
    """Answer; as a source it has nothing to reconcile."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        sys.stdout.write(msgspec.json.encode(_answer(held, line.decode().strip())).decode())
        sys.stdout.write("\n")
        sys.stdout.flush()
    return
    yield ""  # type: ignore[unreachable]  # makes this a generator


def _answer(held: Sequence[Informer], command: str) -> Said:
    if command == "footprint":
        return Said(footprint=Footprint.now())
    return Said(
        contents={
            informer.source.kind.kind: {
                snapshot.key: fingerprint(snapshot) for snapshot in informer.store
            }
            for informer in held
        },
        lists=sum(each.statistics.lists for i in held for each in i.reflectors),
        watches=sum(each.statistics.watches for i in held for each in i.reflectors),
    )


FAMILY: Final = Family(
    name="soak", kinds=(Widget,), controllers=(ControllerSpec(name=NAME, set_up=_set_up),)
)

if __name__ == "__main__":
    sys.exit(manager.main(sys.argv[1:], families=(FAMILY,)))
