"""What pods use, from metrics.k8s.io: one listing of a namespace for all who ask at one time.

An autoscaler that asks for each workload by itself costs the API server a request for each of them
every quarter of a minute, though metrics-server answers from the same memory. So a listing is kept
for a few seconds, and while one is under way everybody waits for it. A refusal is kept as well: a
server that is down is not asked a thousand times. One that hangs holds up as many requests as there
are `places` for, since the connections that they wait on are also those of everything else.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import attrs
from msgspec import Struct

from informers.client import Client
from informers.clock import Clock
from informers.errors import (
    DeadlineExceeded,
    InformersError,
    NotFound,
    ServerTimeout,
    ServiceUnavailable,
)
from informers.meta.codec import decode
from informers.meta.duration import Duration
from informers.meta.errors import DecodeError
from informers.meta.kinds import Kind
from informers.meta.microtime import Time
from informers.meta.quantity import Quantity
from informers.request import ListOptions
from informers.snapshot import Snapshot
from reconcilers.vertice.scaler.groups import SECOND, Sample
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.places import Places
from reconcilers.vertice.scaler.reading.pods import Measured

POD_METRICS: Final = Kind("metrics.k8s.io", "v1beta1", "PodMetrics", "pods")
FRESH: Final = 5.0
"""Seconds for which a listing is good enough; metrics-server looks every 15."""
ANSWER_SECONDS: Final = 10.0
"""For an answer: it comes before the next look is due, or counts as none."""
_SILENT: Final = (ServiceUnavailable, ServerTimeout, DeadlineExceeded)


class Unread(Exception):
    """What pods use cannot be told; the message has the reason."""


class ContainerMetrics(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one container used."""

    name: str
    usage: dict[str, Quantity] = {}


class PodMetrics(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a pod used, on average over a window that ended at a moment."""

    timestamp: Time = Time()
    window: Duration = Duration(0)
    containers: tuple[ContainerMetrics, ...] = ()


@attrs.define
class _Listing:
    """The last answer for a namespace, or why there was none."""

    under_way: asyncio.Event | None = None
    read_at: float | None = None
    pods: dict[str, Snapshot] = attrs.field(factory=dict)
    why: str = ""


class ResourceMetrics:
    """Reads what pods use."""

    def __init__(
        self, client: Client, clock: Clock, *, places: Places | None = None, fresh: float = FRESH
    ) -> None:
        self._client = client
        self._clock = clock
        self._places = places or Places()
        self._fresh = fresh
        self._listings: dict[str, _Listing] = {}

    async def of(self, namespace: str) -> Mapping[str, Snapshot]:
        """Return what the pods of a namespace use, by their names and undecoded.

        Raises:
            Unread: If that cannot be told.
        """
        if namespace not in self._listings:
            self._forget()
        listing, came = self._listings.setdefault(namespace, _Listing()), self._clock.monotonic()
        while not self._is_fresh(listing, came):
            if listing.under_way is None:
                await self._read(namespace, listing)
            else:
                await listing.under_way.wait()  # and not a lock: a thousand go on at once
        if listing.why:
            raise Unread(listing.why)
        return listing.pods

    def is_at_hand(self, namespace: str) -> bool:
        """Whether nobody has to be asked for a namespace now."""
        listing = self._listings.get(namespace)
        return listing is not None and self._is_fresh(listing, self._clock.monotonic())

    def _forget(self) -> None:
        """Let go of listings that nobody asks for any more."""
        for namespace, listing in list(self._listings.items()):
            if listing.under_way is None and not self._is_fresh(listing, self._clock.monotonic()):
                del self._listings[namespace]

    def _is_fresh(self, listing: _Listing, came: float) -> bool:
        """Whether it is good enough for who asked then, however long its turn took since."""
        return listing.read_at is not None and came - listing.read_at < self._fresh

    async def _read(self, namespace: str, listing: _Listing) -> None:
        listing.under_way = ended = asyncio.Event()
        try:
            await self._list(namespace, listing)
        finally:
            listing.under_way = None
            ended.set()

    async def _list(self, namespace: str, listing: _Listing) -> None:
        options = ListOptions(namespace=namespace)
        try:
            async with self._places.one(namespace, POD_METRICS.group):
                page = await self._client.list(POD_METRICS, options, timeout=ANSWER_SECONDS)
            listing.pods = {each.meta.name: each for each in page.items}
            listing.why = ""
        except NotFound:
            listing.why = (
                "the cluster has no metrics.k8s.io: install metrics-server, or listen to an "
                "external metric"
            )
        except (InformersError, DecodeError, Unanswered) as error:
            listing.why = trouble(error, POD_METRICS.api_version, "metrics-server")
        listing.read_at = self._clock.monotonic()


def trouble(error: Exception, version: str, server: str) -> str:
    """Say why an API cannot be read, and where to look if it is its server that does not answer."""
    group, _, number = version.rpartition("/")
    what = f"{group or version} cannot be read: {str(error).rstrip()}"
    if not group or not isinstance(error, _SILENT):
        return what
    return f"{what}; see whether {server} runs: kubectl get apiservice {number}.{group}"


def samples(
    read: Mapping[str, Snapshot], names: Iterable[str], resource: Measured, container: str
) -> dict[str, Sample]:
    """Return what was measured of the named pods, in thousandths.

    A pod of which one container was not measured has no sample: a part is not the whole.

    Raises:
        Unread: If one of them makes no sense.
    """
    found = {}
    for name in names:
        if (snapshot := read.get(name)) is None:
            continue
        pod = _decoded(snapshot)
        used = _used(pod, resource, container)
        if used is not None:
            found[name] = Sample(
                value=used,
                at=pod.timestamp.nanoseconds,
                window=round(pod.window.seconds * SECOND),
            )
    return found


def _decoded(snapshot: Snapshot) -> PodMetrics:
    try:
        return decode(snapshot.raw, PodMetrics)
    except DecodeError as error:
        raise Unread(f"metrics.k8s.io cannot be read: {error}") from error


def _used(pod: PodMetrics, resource: Measured, container: str) -> int | None:
    counted = [each for each in pod.containers if container in {"", each.name}]
    amounts = [each.usage.get(resource) for each in counted]
    if not amounts or any(each is None for each in amounts):
        return None
    return sum(each.milli_value() for each in amounts if each is not None)
