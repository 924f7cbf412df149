"""What can be done to a cluster, step by step; `cluster` is the blocking face of it.

Whoever changes a cluster holds its lock, so two commands on one cluster take turns; different
clusters know nothing of each other but their ports.
"""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Callable
from typing import Final

import attrs
import msgspec

from hack.cluster import binaries, components, credentials, fakenodes, ports, releases, volumes
from hack.cluster.api import Api
from hack.cluster.bringup import BringUp
from hack.cluster.components import Component
from hack.cluster.credentials import KeyPair
from hack.cluster.errors import ClusterError, NotRunningError, UsageError
from hack.cluster.layout import Layout, clusters_home, ports_lock
from hack.cluster.lock import exclusive
from hack.cluster.process import Incarnation
from hack.cluster.progress import Progress
from hack.cluster.record import Record
from hack.cluster.releases import Release
from informers.clock import LoopClock

_TURN: Final = 120.0
_ENDING: Final = 10.0
_BUILDERS: Final[dict[str, Callable[[Layout, Record], Component]]] = {
    components.ETCD: components.etcd,
    components.APISERVER: components.apiserver,
    components.CONTROLLER_MANAGER: components.controller_manager,
    components.SCHEDULER: components.scheduler,
    components.KWOK: components.kwok,
}


@attrs.frozen(kw_only=True)
class ComponentStatus:
    """One component, as seen now."""

    name: str
    pid: int
    is_alive: bool
    is_healthy: bool

    @property
    def state(self) -> str:
        """One word for people."""
        if not self.is_alive:
            return "dead"
        return "healthy" if self.is_healthy else "unhealthy"


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

    def check_component(self, component: str) -> None:
        """Refuse a component it does not have."""
        processes = self.record().processes
        if component not in processes:
            raise UsageError(
                f"no component {component!r} in {self.name}; there are: {', '.join(processes)}"
            )

    def record(self) -> Record:
        """Return what is known of it."""
        record = Record.read(self.layout)
        if record is None:
            raise NotRunningError(
                f"there is no cluster {self.name!r}; "
                f"start it with: python -m hack.cluster up --name {self.name}"
            )
        return record

    def _turn(self) -> contextlib.AbstractAsyncContextManager[None]:
        return exclusive(
            self.layout.lock,
            holder=f"another command on {self.name}",
            seconds=_TURN,
            progress=self.progress,
        )

    async def up(
        self, *, fake_nodes: int, kubernetes: str, owner: Incarnation | None = None
    ) -> None:
        """Make it, or mend it; return when it can be used."""
        release = releases.resolve(kubernetes)
        programs = await binaries.provide(release, progress=self.progress)
        async with self._turn():
            record = Record.read(self.layout)
            if record is None:
                record = await self._create(release, programs, owner=owner)
            elif record.kubernetes != str(release.kubernetes):
                raise UsageError(
                    f"{self.name} runs Kubernetes {record.kubernetes}, "
                    f"not {release.kubernetes}; take it down first, or use another --name"
                )
            await self._bring_up(record, fake_nodes=fake_nodes)

    async def _create(
        self, release: Release, programs: dict[str, str], *, owner: Incarnation | None
    ) -> Record:
        """Make everything but processes; the record comes last, as it says that the rest is there.

        All clusters take turns here, so that no two are promised the same ports.
        """
        layout = self.layout
        async with exclusive(
            ports_lock(),
            holder="another command",
            seconds=_TURN,
            progress=self.progress,
        ):
            shutil.rmtree(layout.root, ignore_errors=True)
            for folder in (layout.root, layout.logs, layout.etcd_data):
                folder.mkdir(mode=0o700)
            record = Record(
                kubernetes=str(release.kubernetes),
                binaries=programs,
                owner=owner,
                ports=ports.choose(frozenset(ports.promised())),
            )
            self._write_files(components.apiserver(layout, record).url)
            record.write(layout)
        volumes.share()
        return record

    def _write_files(self, server: str) -> None:
        layout = self.layout
        layout.audit_policy.write_text(components.AUDIT_POLICY)
        credentials.create(layout, title=self.context, now=LoopClock().wall())
        kubeconfigs = {"admin": layout.kubeconfig} | {
            identity: layout.identity_kubeconfig(identity)
            for identity in (components.CONTROLLER_MANAGER, components.SCHEDULER, components.KWOK)
        }
        for identity, path in kubeconfigs.items():
            pair = KeyPair.of(layout, identity)
            credentials.write_kubeconfig(path, pair, server=server, context=self.context)

    async def _bring_up(self, record: Record, *, fake_nodes: int) -> None:
        async with Api.connect() as api, self.progress.step(f"starting {self.name}"):
            work = BringUp(self.layout, record, api, self.progress)
            await work.control_plane()
            if fake_nodes or components.KWOK in record.processes:
                await work.start(components.kwok(self.layout, record))
            if fake_nodes > record.fake_nodes:
                await fakenodes.create(
                    components.apiserver(self.layout, record),
                    api=api,
                    count=fake_nodes,
                    version=f"v{record.kubernetes}",
                    now=LoopClock().wall().strftime("%Y-%m-%dT%H:%M:%SZ"),
                )
                msgspec.structs.replace(work.record, fake_nodes=fake_nodes).write(self.layout)

    async def status(self) -> tuple[ComponentStatus, ...]:
        """Ask every component."""
        record = self.record()
        async with Api.connect() as api, asyncio.TaskGroup() as group:
            tasks = {
                name: group.create_task(api.is_healthy(_BUILDERS[name](self.layout, record)))
                for name in record.processes
            }
        return tuple(
            ComponentStatus(
                name=name,
                pid=process.pid,
                is_alive=process.is_alive(),
                is_healthy=tasks[name].result(),
            )
            for name, process in record.processes.items()
        )

    async def kill(self, component: str) -> None:
        """End a component as a crash would."""
        self.check_component(component)
        await self._end(self.record(), names=(component,))

    async def restart(self, component: str) -> None:
        """End a component and start it again."""
        self.check_component(component)
        async with self._turn(), Api.connect() as api:
            record = self.record()
            await self._end(record, names=(component,))
            work = BringUp(self.layout, record, api, self.progress)
            await work.start(_BUILDERS[component](self.layout, record))

    async def down(self) -> None:
        """End it and leave nothing."""
        async with self._turn():
            record = Record.read(self.layout)
            if record is not None:
                await self._end(record, names=tuple(record.processes))
                volumes.remove(self.layout)
            shutil.rmtree(self.layout.root, ignore_errors=True)
            self.layout.lock.unlink()
        _remove_empty_homes()

    async def _end(self, record: Record, *, names: tuple[str, ...]) -> None:
        """End processes at once: nothing they would still save is wanted."""
        clock = LoopClock()
        ending = [record.processes[name] for name in names]
        for process in ending:
            process.send(signal.SIGKILL)
        try:
            async with asyncio.timeout(_ENDING):
                while any(process.is_alive() for process in ending):
                    await clock.sleep(0.01)
        except TimeoutError as error:
            raise ClusterError(f"processes of {self.name} do not end: {ending}") from error


def _remove_empty_homes() -> None:
    """Remove what all clusters share, after the last."""
    if {*clusters_home().iterdir()} == {ports_lock()}:
        ports_lock().unlink()
    for folder in (clusters_home(), clusters_home().parent):
        with contextlib.suppress(OSError):
            folder.rmdir()
