"""One cluster: made, asked, hurt for tests, and ended.

    cluster = Cluster.up("mine", fake_nodes=3)
    ...
    cluster.down()

All methods block and are bounded; inside a running event loop call them by `asyncio.to_thread`.
Two commands on the same cluster take turns; different clusters know nothing of each other.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import attrs

from hack.cluster import binaries, components, releases
from hack.cluster.credentials import KeyPair
from hack.cluster.errors import ClusterError
from hack.cluster.layout import Layout, clusters_home
from hack.cluster.lifecycle import ComponentStatus, Lifecycle
from hack.cluster.process import Incarnation
from hack.cluster.progress import Progress
from hack.cluster.record import Record

T = TypeVar("T")
DEFAULT_NAME: Final = "local"


@attrs.frozen
class Cluster:
    """A control plane of this machine."""

    life: Lifecycle

    @classmethod
    def named(cls, name: str = DEFAULT_NAME, *, progress: Progress | None = None) -> Self:
        """Return the cluster of this name, which need not exist."""
        return cls(Lifecycle(Layout.of(name), progress or Progress()))

    @classmethod
    def up(
        cls,
        name: str = DEFAULT_NAME,
        *,
        fake_nodes: int = 0,
        kubernetes: str | None = None,
        node: bool = False,
        without: tuple[str, ...] = (),
        owner_pid: int | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Make it, or start what does not run of it; return when it can be used.

        Without a version it keeps the one it has; a new one gets the default.
        One with an owner may be swept away once that process has ended. Of the controllers of
        kube-controller-manager a new one runs all but those that it is to do without.
        """
        cluster = cls.named(name, progress=progress)
        owner = None if owner_pid is None else Incarnation.of(owner_pid)
        _run(
            cluster.life.up(
                fake_nodes=fake_nodes,
                kubernetes=kubernetes,
                node=node,
                without=without,
                owner=owner,
            )
        )
        return cluster

    @staticmethod
    def provide_programs(
        kubernetes: str = releases.DEFAULT,
        *,
        node: bool = False,
        progress: Progress | None = None,
    ) -> dict[str, str]:
        """Find or build all programs of a cluster; return their paths."""
        release = releases.resolve(kubernetes)
        return _run(binaries.provide(release, node=node, progress=progress or Progress()))

    @staticmethod
    def provide_tools(*, progress: Progress | None = None) -> dict[str, str]:
        """Find or build all programs that are used on clusters; return their paths."""
        return _run(binaries.provide_tools(progress=progress or Progress()))

    @staticmethod
    def provide_tool(name: str, *, progress: Progress | None = None) -> str:
        """Find or build a program that is used on clusters, such as `helm`; return its path."""
        return _run(binaries.provide_tool(name, progress=progress or Progress()))

    @classmethod
    def every(cls) -> tuple[Self, ...]:
        """Return all clusters of this user."""
        return tuple(cls.named(file.parent.name) for file in clusters_home().glob("*/cluster.json"))

    @classmethod
    def sweep(cls) -> None:
        """Take down the clusters whose owners ended without doing so."""
        for cluster in cls.every():
            with contextlib.suppress(ClusterError):  # one with a damaged record is for its user
                record = Record.read(cluster.life.layout)
                if record is not None and record.is_orphan:
                    cluster.down()

    def down(self) -> None:
        """End it and leave nothing; one that does not exist is fine."""
        _run(self.life.down())

    def load(self, archive: Path, *, name: str | None = None) -> None:
        """Give its node an image, from an OCI archive; a name replaces the archive's own."""
        _run(self.life.load(archive, name=name))

    def status(self) -> tuple[ComponentStatus, ...]:
        """Ask every component."""
        return _run(self.life.status())

    def kill(self, component: str) -> None:
        """End a component with SIGKILL, as a crash would."""
        _run(self.life.kill(component))

    def restart(self, component: str) -> None:
        """Start a component again and wait until it is healthy."""
        _run(self.life.restart(component))

    @property
    def name(self) -> str:
        """Its name on this machine."""
        return self.life.name

    @property
    def context(self) -> str:
        """The name of its kubeconfig context."""
        return self.life.context

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, which carries its credentials."""
        return self.life.layout.kubeconfig

    @property
    def server(self) -> str:
        """The URL of its API server."""
        return components.apiserver(self.life.layout, self.life.record()).url

    @property
    def admin(self) -> KeyPair:
        """The administrator's certificate and key, and the authority, as files."""
        return KeyPair.of(self.life.layout, "admin")

    @property
    def audit_log(self) -> Path:
        """Every request to its API server, one JSON object a line."""
        return self.life.layout.audit_log

    @property
    def kubectl(self) -> Path:
        """A kubectl of its version."""
        return Path(self.life.record().binaries["kubectl"])

    def log(self, component: str) -> Path:
        """Return where a component's output goes."""
        self.life.check_component(component)
        return self.life.layout.log(component)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run on a loop of its own, leaving the thread's current loop as it is."""
    try:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(work)
    except BaseExceptionGroup as group:  # of several components that failed, one is told
        raise _first(group) from group


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
