"""From a running control plane to a node that is Ready.

Level-triggered as the rest of a bring-up: a node that lost its kubelet gets it back, one that lost
its power is started anew with the containers' files it had.
"""

import asyncio
import platform
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from hack.cluster.api import Api
from hack.cluster.components import Component
from hack.cluster.credentials import KeyPair
from hack.cluster.errors import ComponentError
from hack.cluster.layout import Layout
from hack.cluster.logs import tail
from hack.cluster.network import NODE, Network
from hack.cluster.node import objects, oci, parts
from hack.cluster.node.files import PAUSE, Files
from hack.cluster.node.images import Images
from hack.cluster.node.machine import NAME, Machine, first_process
from hack.cluster.process import Incarnation
from hack.cluster.record import Record
from informers.clock import LoopClock

_BOOT: Final = 10.0
_READY: Final = 60.0
_POLL: Final = 0.02
_LOG_LINES: Final = 15
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Status(msgspec.Struct):
    conditions: list[_Condition] = []


class _Node(msgspec.Struct):
    status: _Status


@attrs.frozen
class NodeBringUp:
    """One node on its way up."""

    layout: Layout
    record: Record
    network: Network
    api: Api
    start: Callable[[Component], Coroutine[Any, Any, Incarnation]]

    async def everything(self, server: Component) -> None:
        """Start what does not run; return when pods can run."""
        files = parts.configuration(self.layout, self.record, self.network)
        files.write()
        machine = parts.machine(self.layout, self.network)
        first = await self._boot(machine)
        await self.start(parts.runtime(self.layout, self.network, files))
        await self._provide_pause(machine, first)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start_kubelet(files))
            group.create_task(self.start(parts.proxy(self.layout, self.network)))
            group.create_task(self.start(parts.dns(self.layout, self.network, files)))
            group.create_task(self._start_metrics(server))

    async def _boot(self, machine: Machine) -> int:
        """Switch the machine on, unless it is, and connect it; return its first process."""
        power = self.record.processes.get(NAME)
        if power is None or not power.is_alive():
            self.network.unplug()
            machine.prepare()
            power = await self.start(parts.power(self.layout, self.network))
        await self._wait_for_boot(machine, power)
        first = first_process(power)
        if first is None:
            raise self._failure("ended while starting")
        self.network.plug(first)
        return first

    async def _wait_for_boot(self, machine: Machine, power: Incarnation) -> None:
        try:
            async with asyncio.timeout(_BOOT):
                while not machine.has_booted:
                    if not power.is_alive():
                        raise self._failure("ended while starting")
                    await LoopClock().sleep(_POLL)
        except TimeoutError as error:
            raise self._failure(f"does not start within {_BOOT:.0f} s") from error

    async def _provide_pause(self, machine: Machine, first: int) -> None:
        """Load what every pod needs, unless it is there."""
        images = Images(machine, first, self.record.binaries["ctr"])
        if PAUSE not in await images.names():
            archive = self._written_pause()
            await images.load(archive)
            archive.unlink()

    def _written_pause(self) -> Path:
        program = Path(self.record.binaries["pause"]).read_bytes()
        archive = self.layout.node / "pause.tar"
        archive.write_bytes(
            oci.archive(
                PAUSE,
                {"pause": program},
                entrypoint=["/pause"],
                architecture=_ARCHITECTURES[platform.machine()],
            )
        )
        return archive

    async def _start_kubelet(self, files: Files) -> None:
        """Start it and wait until its node takes pods."""
        kubelet = parts.kubelet(self.layout, self.record, self.network, files)
        await self.start(kubelet)
        assert kubelet.work is not None
        try:
            async with asyncio.timeout(_READY):
                while not _is_ready(await self.api.read(kubelet.work, kubelet.credentials)):
                    await LoopClock().sleep(_POLL)
        except TimeoutError as error:
            raise ComponentError(
                f"{NODE} is not Ready after {_READY:.0f} s; "
                f"`kubectl describe node {NODE}` says why, as does {self.layout.log(parts.KUBELET)}"
            ) from error

    async def _start_metrics(self, server: Component) -> None:
        authority = KeyPair.of(self.layout, "admin").authority.read_bytes()
        for path, body in objects.metrics(self.network, authority=authority):
            await self.api.create(f"{server.url}{path}", server.credentials, [body])
        await self.start(parts.metrics(self.layout, self.record, self.network))

    def _failure(self, what: str) -> ComponentError:
        log = self.layout.log(NAME)
        return ComponentError(f"the node's machine {what}", detail=tail(log, lines=_LOG_LINES))


def _is_ready(answer: bytes) -> bool:
    node = msgspec.json.decode(answer, type=_Node)
    return any(each.type == "Ready" and each.status == "True" for each in node.status.conditions)
