"""What can be done to a cluster, step by step; `cluster` is the blocking face of it.

Whoever changes a cluster holds its lock, so two commands on one cluster take turns; different
clusters know nothing of each other but their ports.
"""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs
import msgspec

from hack.cluster import (
    binaries,
    components,
    creation,
    process,
    releases,
    roster,
    volumes,
)
from hack.cluster.api import Api
from hack.cluster.bringup import BringUp
from hack.cluster.components import Component
from hack.cluster.errors import ClusterError, NotRunningError, UsageError
from hack.cluster.layout import Layout, clusters_home, ports_lock
from hack.cluster.lock import exclusive
from hack.cluster.network import Network
from hack.cluster.node import machine, tools
from hack.cluster.node.images import Images
from hack.cluster.node.machine import Machine
from hack.cluster.process import Incarnation
from hack.cluster.progress import Progress
from hack.cluster.record import Record
from hack.cluster.releases import Release
from informers.clock import LoopClock

_TURN: Final = 120.0
_ENDING: Final = 10.0


@attrs.frozen(kw_only=True)
class ComponentStatus:
    """One component, as seen now; without a process it was never started."""

    name: str
    process: Incarnation | None
    is_alive: bool
    is_healthy: bool

    @property
    def state(self) -> str:
        """One word for people."""
        if self.is_healthy:
            return "healthy"
        return "unhealthy" if self.is_alive else "dead"


@attrs.frozen
class Lifecycle:
    """The life of one cluster."""

    layout: Layout
    progress: Progress

    @property
    def name(self) -> str:
        """Its name on this machine."""
        return self.layout.root.name

    @property
    def context(self) -> str:
        """The name of its kubeconfig context."""
        return f"pentad-{self.name}"

    def record(self) -> Record:
        """Return what is known of it."""
        record = Record.read(self.layout)
        if record is None:
            raise NotRunningError(
                f"there is no cluster {self.name!r}; "
                f"start it with: python -m hack.cluster up --name {self.name}"
            )
        return record

    def check_component(self, component: str) -> None:
        """Refuse a component it does not have."""
        names = [each.name for each in roster.every(self.layout, self.record())]
        if component not in names:
            raise UsageError(f"{self.name} has no {component!r}; it has {', '.join(names)}")

    async def up(
        self,
        *,
        fake_nodes: int,
        kubernetes: str | None,
        node: bool = False,
        without: tuple[str, ...] = (),
        owner: Incarnation | None = None,
    ) -> None:
        """Make it, or mend it; return when it can be used."""
        release = self._release(kubernetes)
        node = self._has_node(asked=node)
        programs = await self._programs(release, node=node)
        async with self._turn(), contextlib.AsyncExitStack() as undo:
            record = Record.read(self.layout)
            if record is None:
                undo.push_async_callback(self._stop)
                record = await creation.create(
                    self.layout,
                    release=release,
                    programs=programs,
                    context=self.context,
                    node=node,
                    without=without,
                    owner=owner,
                    progress=self.progress,
                )
            wanted = max(fake_nodes, record.fake_nodes)
            updated = msgspec.structs.replace(record, fake_nodes=wanted, binaries=programs)
            if updated != record:
                updated.write(self.layout)
            async with self.progress.step(f"starting {self.name}"):
                await BringUp(self.layout, updated, Api()).everything()
            undo.pop_all()

    async def status(self) -> tuple[ComponentStatus, ...]:
        """Ask every component."""
        record = self.record()
        every = roster.every(self.layout, record)
        async with asyncio.TaskGroup() as group:
            answers = [group.create_task(_is_well(component, Api())) for component in every]
        found = [record.processes.get(component.name) for component in every]
        return tuple(
            ComponentStatus(
                name=component.name,
                process=incarnation,
                is_alive=(is_alive := incarnation is not None and incarnation.is_alive()),
                is_healthy=is_alive and answer.result(),
            )
            for component, incarnation, answer in zip(every, found, answers, strict=True)
        )

    async def kill(self, component: str) -> None:
        """End a component as a crash would."""
        self.check_component(component)
        incarnation = self.record().processes.get(component)
        await self._end([incarnation] if incarnation else [])

    async def restart(self, component: str) -> None:
        """End a component and start it again."""
        async with self._turn():
            await self.kill(component)
            work = BringUp(self.layout, self.record(), Api())
            every = roster.every(self.layout, work.record)
            await work.start(next(each for each in every if each.name == component))

    async def load(self, archive: Path, *, name: str | None) -> None:
        """Give its node an image."""
        record = self.record()
        first = machine.first_process(record.processes.get(machine.NAME))
        if first is None or record.network is None:
            raise NotRunningError(
                f"{self.name} has no node that runs; start one with: "
                f"python -m hack.cluster up --node --name {self.name}"
            )
        on = Machine(self.layout.node, record.network)
        await Images(on, first, record.binaries["ctr"]).load(archive, name=name)

    async def down(self) -> None:
        """End it and leave nothing."""
        async with self._turn():
            await self._stop()
            for network in Network.owned_by(self.layout.root):
                await machine.clear(network)
                network.remove()
            volumes.remove(self.layout, is_last=not any(_provisioners()))
            shutil.rmtree(self.layout.root, ignore_errors=True)
            await self._remove_empty_homes()
            self.layout.lock.unlink()
        for folder in (clusters_home(), clusters_home().parent):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _release(self, asked: str | None) -> Release:
        """Return the release it has, which a request has to agree with, or a new one's."""
        record = Record.read(self.layout)
        if record is None:
            return releases.resolve(asked or releases.DEFAULT)
        if asked is not None and str(releases.resolve(asked).kubernetes) != record.kubernetes:
            raise UsageError(
                f"{self.name} runs Kubernetes {record.kubernetes}, not {asked}; "
                "take it down first, or use another --name"
            )
        return releases.resolve(record.kubernetes)

    def _has_node(self, *, asked: bool) -> bool:
        """Whether it has a node; one that was made without cannot get it, for its addresses."""
        record = Record.read(self.layout)
        if record is not None and asked and record.network is None:
            raise UsageError(
                f"{self.name} was made without a node; take it down first, or use another --name"
            )
        return asked or (record is not None and record.network is not None)

    async def _programs(self, release: Release, *, node: bool) -> dict[str, str]:
        """Return the programs it was made with, or all there are for a new one."""
        record = Record.read(self.layout)
        if record is not None and record.has_programs:
            return record.binaries
        found = tools.find() if node else {}
        return found | await binaries.provide(release, node=node, progress=self.progress)

    def _turn(self) -> contextlib.AbstractAsyncContextManager[None]:
        return exclusive(
            self.layout.lock,
            holder=f"another command on {self.name}",
            seconds=_TURN,
            progress=self.progress,
        )

    async def _stop(self) -> None:
        """End every process of it, whether or not it got into the record."""
        await self._end(
            process.mentioning(
                f"{self.layout.root}/", programs={*components.PROGRAMS, *machine.HOLDERS}
            )
        )

    async def _end(self, incarnations: Iterable[Incarnation]) -> None:
        """End processes at once: nothing they would still save is wanted."""
        clock = LoopClock()
        ending = [each for each in incarnations if each.send(signal.SIGKILL)]
        try:
            async with asyncio.timeout(_ENDING):
                while any(each.is_alive() for each in ending):
                    await clock.sleep(0.01)
        except TimeoutError as error:
            raise ClusterError(f"processes of {self.name} do not end: {ending}") from error

    async def _remove_empty_homes(self) -> None:
        """Remove what all clusters share, after the last; called holding the cluster's lock."""
        if {*clusters_home().iterdir()} <= {ports_lock(), self.layout.lock}:
            async with exclusive(
                ports_lock(), holder="a new cluster", seconds=_TURN, progress=self.progress
            ):
                ports_lock().unlink()


def _provisioners() -> Iterable[Incarnation]:
    """Find what makes volumes for the clusters that run on this machine."""
    return process.mentioning(components.PROVISIONS, programs={components.CONTROLLER_MANAGER})


async def _is_well(component: Component, api: Api) -> bool:
    """Ask a component; one that cannot be asked is well as long as it runs."""
    return component.health is None or await api.answers(component.health, component.credentials)
