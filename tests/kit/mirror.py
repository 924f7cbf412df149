"""An informer under test, whose handler holds the informer to its word.

    async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
        await mirror.wait_agrees(rest)

The handler rebuilds the content from nothing but the changes it is told. It fails the test the
moment a change does not follow from what was told before: an object that appears twice, a deletion
of something unknown, an old state that is not the last one told. `wait_agrees` compares the cache
and what was told with a fresh list, object by object.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import attrs

from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.kinds import Kind
from informers.reflector import Pace, Source
from informers.shared import Informer
from informers.snapshot import Snapshot
from informers.store import Change
from tests.kit.eventually import eventually
from tests.kit.rest import Rest

FAST = Pace(
    headers=3,
    idle=4,
    idle_most=4,
    body_idle=3,
    initial_silence=0.6,
    initial_change=3,
    initial_most=20,
)


class Kubeconfig(Protocol):
    """Whatever knows the way to a cluster: the fixtures `cluster` and `proxied` do."""

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig."""


@attrs.define
class Mirror:
    """An informer, and what its handler has been told."""

    client: Client
    informers: Informers
    informer: Informer
    namespace: str
    told: dict[str, Snapshot] = attrs.field(factory=dict)
    changes: list[Change] = attrs.field(factory=list)
    broken: list[str] = attrs.field(factory=list)

    def take(self, changes: list[Change]) -> None:
        """Be the informer's handler."""
        for change in changes:
            before = self.told.get(change.key)
            if _state(change.old) != _state(before):
                self.broken.append(f"{change.key}: told {change.old}, but before that {before}")
            if change.new is None:
                self.told.pop(change.key, None)
            else:
                self.told[change.key] = change.new
        self.changes += changes

    def steps(self, name: str) -> list[str]:
        """What happened to one object, as words."""
        key = f"{self.namespace}/{name}"
        return [_word(change) for change in self.changes if change.key == key]

    def content(self) -> dict[str, str]:
        """The cache: versions by key."""
        return {found.key: found.resource_version for found in self.informer.store}

    async def wait_synced(self, *, within: float = 20.0) -> None:
        """Wait for the first complete content."""
        await eventually(lambda: self.informer.has_synced, within=within)

    async def wait_watching(self) -> None:
        """Wait until its watches are answered; what is listed is complete before that."""
        reflectors = self.informer.reflectors
        await eventually(lambda: all(r.statistics.watching_since is not None for r in reflectors))

    async def wait_agrees(self, rest: Rest, *, within: float = 20.0) -> None:
        """Wait until cache, handler and server agree about every object."""
        path = self.informer.source.kind.path(self.namespace)

        def versions() -> dict[str, str]:
            return {_key(item): item["metadata"]["resourceVersion"] for item in _items(rest, path)}

        await eventually(lambda: self.content() == versions(), within=within)
        assert self.content() == {key: held.resource_version for key, held in self.told.items()}
        assert [] == self.broken

    async def wait_told(self, name: str, *steps: str, within: float = 20.0) -> None:
        """Wait until exactly these steps of an object were told."""
        await eventually(lambda: self.steps(name), equals=list(steps), within=within)


def _items(rest: Rest, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rest.get(path)["items"]
    return found


def _key(item: dict[str, Any]) -> str:
    meta = item["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else str(meta["name"])


def _state(snapshot: Snapshot | None) -> tuple[str, str] | None:
    """Which state of which object this is; two snapshots may show as much or as little of it."""
    return None if snapshot is None else (snapshot.meta.uid, snapshot.resource_version)


def _word(change: Change) -> str:
    if change.old is None:
        return "initial" if change.initial else "added"
    return "deleted" if change.new is None else "changed"


@asynccontextmanager
async def mirrored(
    target: Kubeconfig,
    kind: Kind,
    namespace: str,
    *,
    pace: Pace = FAST,
    seed: int = 0,
    streams: bool = True,
    **source: Any,
) -> AsyncIterator[Mirror]:
    """Run an informer of a kind in one namespace; `streams=False` makes it list."""
    client = Client(await connect(kubeconfig=target.kubeconfig))
    informers = Informers(client, namespaces=[namespace], rng=random.Random(seed), pace=pace)
    if not streams:
        informers.verdicts.refuse(kind, "the test wants lists")
    try:
        async with informers:
            informer = informers.acquire(Source(kind=kind, **source))
            mirror = Mirror(client, informers, informer, namespace)
            informer.add_handler(mirror.take)
            yield mirror
    finally:
        await client.close()
    assert [] == mirror.broken
