"""What a manager lends to its reconcilers: the client, caches, writers, time and a log.

A `Runtime` is made once per process. Asking it for a lister or an apply set declares that the
kind is cached; nothing is cached that nobody asked for (CR#1491). Who asks for the same gets the
same.
"""

import random
import socket
from collections.abc import Iterable
from typing import Any, TypeVar

from controller.runtime.apply import ApplySet
from controller.runtime.controller import Log
from controller.runtime.events.recorder import Recorder
from controller.runtime.status import StatusWriter
from informers.client import Client
from informers.clock import Clock
from informers.drift import MANAGER_PREFIX, our_claims
from informers.factory import Informers
from informers.lister import Lister
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.reflector import Source

T = TypeVar("T", bound=Resource)


class Runtime:
    """The tools of one manager."""

    def __init__(
        self,
        client: Client,
        informers: Informers,
        *,
        log: Log,
        name: str = "pentad",
        namespace: str = "pentad-system",
        reaches_pods: bool = False,
        image: str = "",
        rng: random.Random | None = None,
    ) -> None:
        self.client = client
        self.informers = informers
        self.log = log
        self.namespace = namespace
        """Where the manager itself is: who lets it in, and which events are not about an object."""
        self.clock: Clock = client.clock
        self.recorder = Recorder(client, controller=name, instance=socket.gethostname())
        self.rng = rng or random.Random()  # noqa: S311 - jitter, not secrets
        self.apply_sets: list[ApplySet] = []
        """Those that were asked for, for their figures."""
        self.pauses: set[Kind] = set()
        """The kinds of which a controller tells that objects are paused; one is enough."""
        informers.callbacks.tell = lambda **fields: log.error("callback_failed", **fields)
        self.reaches_pods = reaches_pods
        """Whether the addresses of pods lead to them from here."""
        self.image = image
        """The image of this program, for pods that run it; empty if nobody said so."""
        self._listers: dict[tuple[Source, type[Resource]], Lister[Any]] = {}

    def lister(self, type_: type[T], source: Source | None = None) -> Lister[T]:
        """Typed reads of a kind, from a cache that lives as long as the manager."""
        source = source or cached(kind_of(type_))
        found = self._listers.get((source, type_))
        if found is None:
            informer = self.informers.acquire(source)
            found = self._listers[source, type_] = Lister(informer, type_)
        return found

    def apply_set(self, controller: str, kinds: Iterable[Kind]) -> ApplySet:
        """The children of a controller's objects, of these kinds."""
        informers = {kind: self.informers.acquire(cached(kind)) for kind in kinds}
        made = ApplySet(
            self.client, informers, manager=manager_name(controller), recorder=self.recorder
        )
        self.apply_sets.append(made)
        return made

    def status_writer(
        self, controller: str, type_: type[Resource], *, stamp: str = ""
    ) -> StatusWriter:
        """Writes the status of a kind, once per reconcile and only if it changed.

        `stamp` names a field that is to hold when that was last.
        """
        return StatusWriter(
            self.client,
            kind_of(type_),
            manager=manager_name(controller),
            clock=self.clock,
            stamp=stamp,
        )


def kind_of(type_: type[Resource]) -> Kind:
    """The kind that a wire type declares."""
    try:
        kind: Kind = type_.definition.kind
    except AttributeError:
        raise TypeError(
            f"{type_.__name__} declares no kind: give it `definition: ClassVar = Definition(…)`"
        ) from None
    return kind


def cached(kind: Kind) -> Source:
    """The one cache of a kind: whoever reads, owns or watches it sees the same state of it.

    It keeps the claims by which drift of what we applied is seen; objects that we never applied
    have none, at the price of one search.
    """
    return Source(kind=kind, claims=our_claims)


def manager_name(controller: str) -> str:
    """The field manager a controller applies under."""
    return f"{MANAGER_PREFIX}{controller}"
