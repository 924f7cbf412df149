"""From a record to a running, healthy cluster.

Level-triggered: whatever does not run is started, whatever runs is left alone, so `up` after a
crash or a reboot mends a cluster, and a second `up` does nothing. Components start as early as
what they need lets them; every wait ends when the process dies or the time is over, and then the
end of that component's log is shown.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs
import msgspec

from hack.cluster import components, fakenodes, process
from hack.cluster.api import Api
from hack.cluster.components import Component
from hack.cluster.errors import ComponentError
from hack.cluster.layout import Layout
from hack.cluster.logs import tail
from hack.cluster.node import machine, tools
from hack.cluster.node.bringup import NodeBringUp
from hack.cluster.node.machine import Machine
from hack.cluster.process import Incarnation
from hack.cluster.record import Record
from informers.clock import LoopClock

_PATIENCE: Final = 100.0
_POLL: Final = 0.04
_LOG_LINES: Final = 15
_MEMORY: Final = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
_COLLECTOR: Final = {"GOGC": "400", "GOMEMLIMIT": str(_MEMORY // 3)}
"""Memory is cheaper here than cores: a quarter less CPU per write in the API server.

The limit is one that 100,000 objects and the history the API server keeps of them stay below: at
3 GiB, a write of a benchmark's seventh round cost it half as much again as one of the first.
"""
_CLASS: Final = "standard"
_STORAGE_CLASS: Final = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": _CLASS,
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": "kubernetes.io/host-path",
}


@attrs.define
class BringUp:
    """One `up` at work; the caller holds the cluster's lock."""

    layout: Layout
    record: Record
    api: Api

    async def everything(self) -> None:
        """Start what does not run and wait until the cluster can be used."""
        if self.record.network is not None:
            self.record.network.lay(self.layout.root)
        await self.start(components.etcd(self.layout, self.record))
        server = components.apiserver(self.layout, self.record)
        # Its clients may start once it answers at all, which is long before it is ready.
        await self.start(attrs.evolve(server, health=f"{server.url}/version"))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fill(server))
            for component in components.clients(self.layout, self.record):
                group.create_task(self._start_client(component, server))
        if self.record.network is not None:
            node = NodeBringUp(self.layout, self.record, self.record.network, self.api, self.start)
            await node.everything(server)

    async def start(self, component: Component) -> Incarnation:
        """Make sure that it runs, and wait until it is healthy and at work."""
        incarnation = await self._ensure_process(component)
        for url in filter(None, (component.health, component.work)):
            await self._wait(url, component, incarnation)
        return incarnation

    async def _start_client(self, component: Component, server: Component) -> None:
        try:
            await self.start(component)
        except ComponentError:
            # kube-controller-manager gives up on a server that takes over ten seconds, kwok later.
            await self.start(server)
            await self.start(component)

    async def _fill(self, server: Component) -> None:
        """Create what a user expects to find, once the server is ready for it."""
        await self.start(server)
        classes = f"{server.url}/apis/storage.k8s.io/v1/storageclasses"
        if not await self.api.answers(f"{classes}/{_CLASS}", server.credentials):
            await self.api.create(classes, server.credentials, [_STORAGE_CLASS])
        if self.record.fake_nodes:
            await fakenodes.ensure(
                server,
                api=self.api,
                count=self.record.fake_nodes,
                version=f"v{self.record.kubernetes}",
            )

    async def _ensure_process(self, component: Component) -> Incarnation:
        known = self.record.processes.get(component.name)
        if known is not None and known.is_alive():
            return known
        program = component.program or self.record.binaries[component.name]
        arguments = (program, *component.flags)
        log = self.layout.log(component.name)
        environment = {"PATH": tools.PATH, "HOME": str(self.layout.root), **_COLLECTOR}
        if component.is_inside:
            started = await self._start_inside(arguments, environment=environment, log=log)
        else:
            started = process.start(arguments, environment=environment, log=log)
        processes = self.record.processes | {component.name: started}
        self.record = msgspec.structs.replace(self.record, processes=processes)
        self.record.write(self.layout)
        return started

    async def _start_inside(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], log: Path
    ) -> Incarnation:
        first = machine.first_process(self.record.processes.get(machine.NAME))
        if first is None or self.record.network is None:
            name = self.layout.root.name
            raise ComponentError(
                f"the node is off; `python -m hack.cluster up --name {name}` switches it on"
            )
        on = Machine(self.layout.node, self.record.network)
        return await on.start(first, arguments, environment=environment, log=log)

    async def _wait(self, url: str, component: Component, incarnation: Incarnation) -> None:
        clock = LoopClock()
        try:
            async with asyncio.timeout(_PATIENCE):
                while not await self.api.answers(url, component.credentials):
                    if not incarnation.is_alive():
                        raise self._failure(component, "ended while starting")
                    await clock.sleep(_POLL)
        except TimeoutError as error:
            what = f"is not at work after {_PATIENCE:.0f} s ({url})"
            raise self._failure(component, what) from error

    def _failure(self, component: Component, what: str) -> ComponentError:
        log = self.layout.log(component.name)
        return ComponentError(
            f"{component.name} {what}; its whole log is {log}, and "
            f"`python -m hack.cluster down --name {self.layout.root.name}` removes what is left",
            detail=tail(log, lines=_LOG_LINES),
        )
