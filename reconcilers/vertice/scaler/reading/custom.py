"""Custom metrics, from custom.metrics.k8s.io: of each pod of a workload, or of one object.

Which version of the API an adapter serves is its own affair: the newer one is asked first, and the
one that answered is remembered. A group that nobody serves is one reason, a metric that the adapter
does not know another, an adapter that is down a third. Names come from users' objects and become
parts of a path: one that would be more than one part, or none, is refused and never sent.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from informers.client import Client
from informers.errors import InformersError, NotFound
from informers.meta.codec import decode
from informers.meta.errors import DecodeError
from informers.meta.kinds import Kind
from informers.meta.microtime import Time
from informers.meta.quantity import Quantity
from informers.request import Request
from reconcilers.vertice.scaler.groups import SECOND, Sample
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.places import Places
from reconcilers.vertice.scaler.reading.resources import ANSWER_SECONDS, Unread, trouble
from reconcilers.vertice.scaler.thousandths import TooMuch, thousandths

GROUP: Final = "custom.metrics.k8s.io"
VERSIONS: Final = ("v1beta2", "v1beta1")
MINUTE: Final = 60
"""Seconds that a value counts for, if its adapter does not say."""
_DOTS: Final = frozenset({".", ".."})


class _Described(Struct, frozen=True, rename="camel"):
    name: str = ""


class Value(Struct, frozen=True, kw_only=True, rename="camel"):
    """One value of a metric."""

    described_object: _Described = _Described()
    timestamp: Time = Time()
    window_seconds: int | None = None
    value: Quantity = Quantity()


class Values(Struct, frozen=True, rename="camel"):
    """All that was found of a metric."""

    items: tuple[Value, ...] = ()


class CustomMetrics:
    """Reads custom metrics."""

    def __init__(self, client: Client, *, places: Places | None = None) -> None:
        self._client = client
        self._places = places or Places()
        self._version = ""

    async def of_pods(
        self, namespace: str, metric: str, *, pods: str, labels: Mapping[str, str]
    ) -> dict[str, Sample]:
        """Return a metric of the pods that a selector finds.

        Raises:
            Unread: If it cannot be had.
        """
        if not pods:
            raise Unread("the target's scale has no selector: its pods cannot be told from others")
        query = {"labelSelector": pods} | _selecting(labels)
        found = await self._read(namespace, f"pods/*/{_segment(metric)}", query)
        return {each.described_object.name: _sample(metric, each) for each in found.items}

    async def of_object(
        self, namespace: str, metric: str, kind: Kind, name: str, *, labels: Mapping[str, str]
    ) -> int:
        """Return a metric of one object, in thousandths.

        Raises:
            Unread: If it cannot be had, or not as one value.
        """
        where = f"{_object(namespace, kind, name)}/{_segment(metric)}"
        found = await self._read(namespace, where, _selecting(labels))
        if len(found.items) != 1:
            raise Unread(f"{GROUP} has {len(found.items)} values of {metric}, where one is wanted")
        return _counted(metric, found.items[0])

    async def _read(self, namespace: str, where: str, query: Mapping[str, str]) -> Values:
        """Ask for values, in turn with others who ask an adapter."""
        try:
            async with self._places.one(namespace, GROUP):
                return await self._ask(f"namespaces/{namespace}/{where}", query)
        except Unanswered as error:
            raise Unread(f"{GROUP} cannot be read: {error}") from error

    async def _ask(self, path: str, query: Mapping[str, str]) -> Values:
        """Ask at the version that answered last, or whichever is served."""
        for version in sorted(VERSIONS, key=lambda each: each != self._version):
            request = Request(method="GET", path=f"/apis/{GROUP}/{version}/{path}", query=query)
            try:
                answer = await self._client.send(request, timeout=ANSWER_SECONDS)
                self._version = version
                return decode(answer.body, Values)
            except NotFound as error:
                if "metric" in error.message:
                    why = f"{GROUP} does not know the metric: {error.message.rstrip()}"
                    raise Unread(why) from error
            except (InformersError, DecodeError) as error:
                raise Unread(trouble(error, f"{GROUP}/{version}", "its adapter")) from error
        raise Unread(
            f"the cluster has no {GROUP}: install an adapter that serves it, or ask Prometheus for "
            "the metric, as an external one"
        )


def _object(namespace: str, kind: Kind, name: str) -> str:
    """Return where an object is within its namespace; the namespace itself is asked otherwise."""
    if kind.api_version != "v1" or kind.kind != "Namespace":
        return f"{kind.resource}/{_segment(name)}"
    if name != namespace:
        raise Unread(f"the metrics of Namespace {name} are not for scalers of {namespace}")
    return "metrics"


def _selecting(labels: Mapping[str, str]) -> dict[str, str]:
    if not labels:
        return {}
    return {"metricLabelSelector": ",".join(f"{key}={value}" for key, value in labels.items())}


def _sample(metric: str, value: Value) -> Sample:
    seconds = MINUTE if value.window_seconds is None else value.window_seconds
    return Sample(
        value=_counted(metric, value), at=value.timestamp.nanoseconds, window=seconds * SECOND
    )


def _counted(metric: str, value: Value) -> int:
    try:
        return thousandths(value.value)
    except TooMuch:
        name = value.described_object.name
        raise Unread(
            f"{metric} of {name} is {value.value}, more than Kubernetes counts: measure it in a "
            "larger unit"
        ) from None


def _segment(name: str) -> str:
    """Write a name as one part of a path; servers take an escaped slash for a slash."""
    if "/" in name or "%" in name or name in _DOTS:
        raise Unread(f"{name!r} is no name of a metric or an object: say one without / and %")
    return quote(name, safe="")
