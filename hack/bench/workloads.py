"""The Deployments and clusters of one namespace as they come, change and settle.

The harness sees with watches of its own when a rollout is over, the same way for every program.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from hack.bench.api import Api
from hack.bench.penin import clusters_path
from hack.bench.process import PeerError

_DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/{}/deployments"


class _Metadata(msgspec.Struct, rename="camel", frozen=True):
    name: str = ""
    generation: int = 0
    resource_version: str = ""


class _Spec(msgspec.Struct, frozen=True):
    replicas: int = 1


class _Status(msgspec.Struct, rename="camel", frozen=True):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0


class _Deployment(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def is_settled(self) -> bool:
        """Whether all its pods are of the newest template and available, and no others left."""
        status, wanted = self.status, self.spec.replicas
        counts = {status.replicas, status.updated_replicas, status.available_replicas}
        return status.observed_generation >= self.metadata.generation and counts == {wanted}


class _ClusterStatus(msgspec.Struct, rename="camel", frozen=True):
    observed_generation: int = 0
    phase: str = ""


class _Cluster(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    status: _ClusterStatus = _ClusterStatus()

    @property
    def is_running(self) -> bool:
        """Whether its status speaks of its newest spec, and well."""
        is_current = self.status.observed_generation >= self.metadata.generation
        return is_current and self.status.phase == "Running"


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class Workloads:
    """What there is in a namespace now."""

    def __init__(self) -> None:
        self.generations: dict[str, int] = {}
        self.settled: set[str] = set()
        self.running: set[str] = set()
        self._changed = asyncio.Event()

    def rolled(self, before: dict[str, int]) -> set[str]:
        """Return the Deployments whose spec is another than it was."""
        return {name for name, number in self.generations.items() if number != before.get(name)}

    def see_deployment(self, raw: msgspec.Raw) -> str:
        """Take note of one."""
        found = msgspec.json.decode(raw, type=_Deployment)
        name = found.metadata.name
        self.generations[name] = found.metadata.generation
        (self.settled.add if found.is_settled else self.settled.discard)(name)
        return found.metadata.resource_version

    def see_cluster(self, raw: msgspec.Raw) -> str:
        """Take note of one."""
        found = msgspec.json.decode(raw, type=_Cluster)
        name = found.metadata.name
        (self.running.add if found.is_running else self.running.discard)(name)
        return found.metadata.resource_version

    async def wait(self, condition: Callable[[], bool], *, what: str, within: float) -> None:
        """Wait until a condition on this picture holds."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            counts = f"{len(self.settled)} of {len(self.generations)} Deployments are settled"
            more = f"{len(self.running)} clusters are Running"
            raise PeerError(f"not {what} within {within:.0f} s: {counts}, {more}") from error

    async def follow(self, api: Api, path: str, see: Callable[[msgspec.Raw], str]) -> None:
        """Keep the picture of one kind current until cancelled."""
        page = await api.json("GET", path)
        since = page["metadata"]["resourceVersion"]
        for item in _raws(page["items"]):
            see(item)
        self._changed.set()
        while True:
            async for event in api.watch(path, since=since, type_=_Event):
                if event.type == "ERROR":
                    raise PeerError("the harness fell behind: the API server forgot its place")
                since = see(event.object)
                self._changed.set()


def _raws(items: Iterable[Any]) -> Iterable[msgspec.Raw]:
    return (msgspec.Raw(msgspec.json.encode(item)) for item in items)


@asynccontextmanager
async def watched(api: Api, namespace: str) -> AsyncIterator[Workloads]:
    """Yield what there is in a namespace, kept current."""
    found = Workloads()
    async with asyncio.TaskGroup() as tasks:
        following = [
            tasks.create_task(found.follow(api, path, see))
            for path, see in (
                (_DEPLOYMENTS.format(namespace), found.see_deployment),
                (clusters_path(namespace), found.see_cluster),
            )
        ]
        try:
            yield found
        finally:
            for task in following:
                task.cancel()
