"""Owners and their children: `fanout` builds and restores 10,000, `steady` leaves them alone.

The harness counts children with a watch of its own, so the moment the last one is there is taken
the same way for every peer; at the end it reads all of them and compares the contents.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import attrs
import msgspec

from hack.bench.api import Api, ApiError, Call, configmaps_path, widgets_path
from hack.bench.peers import Peer
from hack.bench.process import PeerError, Process
from hack.bench.rig import Rig, Sample, cost, verify
from hack.bench.widget import CHILD_LABEL, Population, checksum, name_of, spec_of

_CHILDREN: Final = 10
_TIMEOUT: Final = 300.0
_QUIET: Final = 2.0
_FOREIGN: Final = "foreign"


class _Owner(msgspec.Struct, frozen=True, gc=False):
    name: str
    controller: bool = False


class _Metadata(msgspec.Struct, rename="camel", frozen=True):
    name: str = ""
    uid: str = ""
    resource_version: str = ""
    owner_references: list[_Owner] = []


class _Child(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    data: dict[str, str] = {}


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: _Child


class _Children(msgspec.Struct, frozen=True):
    items: list[_Child]


class Nursery:
    """The children of one namespace as they come and go."""

    def __init__(self) -> None:
        self.alive: dict[str, str] = {}
        self.doomed: frozenset[str] = frozenset()
        self.foreign: set[str] = set()
        self.touched: set[str] = set()
        self.restored = 0
        self._changed = asyncio.Event()

    async def follow(self, api: Api, namespace: str) -> None:
        """Keep the picture current until cancelled."""
        path, query = configmaps_path(namespace), {"labelSelector": CHILD_LABEL}
        _, since = await api.metadata(path, **query)
        while True:
            async for event in api.watch(path, since=since, type_=_Event, **query):
                if event.type == "ERROR":
                    raise PeerError("the harness fell behind: the API server forgot its place")
                child = event.object
                since = child.metadata.resource_version
                colour = child.data.get("colour", "")
                self.see(event.type, child.metadata.name, child.metadata.uid, colour=colour)

    async def wait(self, condition: Callable[[], bool], *, what: str) -> None:
        """Wait until a condition on this picture holds."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise PeerError(f"not {what} within {_TIMEOUT:.0f} s: {len(self.alive)}") from error

    def see(self, what: str, name: str, uid: str, *, colour: str = "") -> None:
        """Take note of one event."""
        if what == "DELETED":
            del self.alive[name]
        elif what == "ADDED":
            self.alive[name] = uid
            self.restored += bool(self.doomed) and uid not in self.doomed
        self.foreign.discard(name)
        if colour == _FOREIGN:
            self.foreign.add(name)
            self.touched.add(name)
        self._changed.set()


@attrs.frozen(kw_only=True)
class _Stage:
    """A peer at work, and what the API server had spent just before the peer was started."""

    process: Process
    population: Population
    nursery: Nursery
    server_s: float


async def fanout(rig: Rig, peer: Peer, number: int) -> Sample:
    """1,000 owners get 10 children each; every child is deleted once; all come back."""
    async with _family(rig, peer, number, scenario="fanout") as stage:
        process, population, nursery = stage.process, stage.population, stage.nursery
        total = len(population) * _CHILDREN
        await nursery.wait(lambda: len(nursery.alive) == total, what="built")
        built = rig.clock.monotonic()
        verify(await process.wait_milestone("reconciled_all", timeout=_TIMEOUT), population)
        nursery.doomed = frozenset(nursery.alive.values())
        cut = rig.clock.monotonic()
        await _delete_children(rig.api, population.namespace)
        await nursery.wait(lambda: nursery.restored == total, what="restored")
        restored, usage = rig.clock.monotonic(), process.usage()
        server = await rig.api.cpu_seconds() - stage.server_s
        await _verify_children(rig.api, population)
        build_s, restore_s = built - process.started, restored - cut
        return {
            "wall_s": build_s + restore_s,
            "build_s": build_s,
            "restore_s": restore_s,
            "server_s": server,
            "cpu_s": usage.cpu_s,
            "rss_mb": usage.rss_mb,
            "peak_rss_mb": usage.peak_mb,
        }


async def steady(rig: Rig, peer: Peer, number: int) -> Sample:
    """A resync of 10,000 right children writes nothing; a foreign change of one is undone."""
    async with _family(rig, peer, number, scenario="steady") as stage:
        process, population, nursery = stage.process, stage.population, stage.nursery
        total = len(population) * _CHILDREN
        await nursery.wait(lambda: len(nursery.alive) == total, what="built")
        verify(await process.wait_milestone("reconciled_all", timeout=_TIMEOUT), population)
        await _wait_quiet(rig)
        writes, before = await _writes(rig.api), process.usage()
        begin = rig.clock.monotonic()
        done = await process.ask("resync", answer="resynced", timeout=_TIMEOUT)
        await rig.clock.sleep(_QUIET)
        writes = await _writes(rig.api) - writes
        repair_s = await _repair(rig, population, nursery)
        await _verify_children(rig.api, population)
        return {
            **cost(process, done),
            "wall_s": done.at - begin,
            "cpu_s": done.usage.cpu_s - before.cpu_s,
            "writes": float(writes),
            "repair_s": repair_s,
        }


@asynccontextmanager
async def _family(rig: Rig, peer: Peer, number: int, *, scenario: str) -> AsyncIterator[_Stage]:
    """Run a peer on owners of its own; afterwards it has to let them go by its finalizer."""
    count = rig.scaled(1_000, 50)
    namespace = f"{scenario}-{peer.name}-{number}"
    population = await rig.populate(
        Population.of(namespace, count, children=_CHILDREN, finalizer=False)
    )
    nursery = Nursery()
    server = await rig.api.cpu_seconds()  # before the start: its share is the peer's, too
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(nursery.follow(rig.api, namespace))
        async with await rig.start(peer, rig.job(population)) as process:
            yield _Stage(process=process, population=population, nursery=nursery, server_s=server)
            await _clean(rig, namespace)
        watching.cancel()


async def _clean(rig: Rig, namespace: str) -> None:
    """Delete the owners, whose finalizers the peer has to remove, and what is left below them."""
    path = widgets_path(namespace)
    await rig.api.json("DELETE", path)
    deadline = rig.clock.monotonic() + _TIMEOUT
    while (await rig.api.metadata(path, limit="1"))[0]:
        if rig.clock.monotonic() > deadline:
            raise PeerError("finalizers were not removed: Widgets stay after their deletion")
        await rig.clock.sleep(0.2)
    with suppress(ApiError):
        await _delete_children(rig.api, namespace)


async def _delete_children(api: Api, namespace: str) -> None:
    await api.json("DELETE", configmaps_path(namespace), labelSelector=CHILD_LABEL)


async def _repair(rig: Rig, population: Population, nursery: Nursery) -> float:
    """Change an owned field of one child of every tenth owner; return how long all took."""
    victims = {f"{name_of(index)}-0" for index in range(0, len(population), 10)}
    begin = rig.clock.monotonic()
    body = msgspec.json.encode({"data": {"colour": _FOREIGN}})
    await rig.api.bulk(
        Call(
            method="PATCH",
            path=configmaps_path(population.namespace, name),
            body=body,
            content_type="application/merge-patch+json",
        )
        for name in victims
    )
    await nursery.wait(lambda: nursery.touched == victims and not nursery.foreign, what="repaired")
    return rig.clock.monotonic() - begin


async def _writes(api: Api) -> int:
    return await api.writes("configmaps") + await api.writes("widgets")


async def _wait_quiet(rig: Rig) -> None:
    """Wait until the API server has served no write for a while."""
    count, deadline = -1, rig.clock.monotonic() + _TIMEOUT
    while (now := await _writes(rig.api)) != count:
        if rig.clock.monotonic() > deadline:
            raise PeerError("writes never cease: the peer fights with itself or with another")
        count = now
        await rig.clock.sleep(_QUIET)


async def _verify_children(api: Api, population: Population) -> None:
    """Read every child back and compare what it says and whose it is."""
    path = configmaps_path(population.namespace)
    body = await api.send(Call(method="GET", path=path), labelSelector=CHILD_LABEL)
    children = msgspec.json.decode(body, type=_Children).items
    expected = dict(_expected(population))
    actual = {
        child.metadata.name: (child.data, [owner.name for owner in child.metadata.owner_references])
        for child in children
    }
    wrong = sorted(
        name for name in expected.keys() | actual.keys() if expected.get(name) != actual.get(name)
    )
    if wrong:
        raise PeerError(f"{len(wrong)} children are wrong, {wrong[0]}: {actual.get(wrong[0])}")


def _expected(
    population: Population,
) -> "list[tuple[str, tuple[dict[str, str], list[str]]]]":
    found = []
    for index, size in enumerate(population.sizes):
        owner = name_of(index)
        spec = spec_of(index, size=size, children=population.children)
        total = str(checksum(owner, spec))
        for n in range(population.children):
            data = {"index": str(n), "colour": spec["colour"], "checksum": total}
            found.append((f"{owner}-{n}", (data, [owner])))
    return found
