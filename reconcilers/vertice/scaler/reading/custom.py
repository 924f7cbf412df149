"""Custom metrics, from custom.metrics.k8s.io: of each pod of a workload, or of one object.

Which version of the API an adapter serves is its own affair: the newer one is asked first, and the
one that answered is remembered. A group that nobody serves is one reason, a metric that the adapter
does not know another.
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
from reconcilers.vertice.scaler.reading.resources import Unread

GROUP: Final = "custom.metrics.k8s.io"
VERSIONS: Final = ("v1beta2", "v1beta1")
MINUTE: Final = 60
"""Seconds that a value counts for, if its adapter does not say."""


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

    def __init__(self, client: Client) -> None:
        self._client = client
        self._version = ""

    async def of_pods(
        self, namespace: str, metric: str, *, pods: str, labels: Mapping[str, str]
    ) -> dict[str, Sample]:
        """Return a metric of the pods that a selector finds.

        Raises:
            Unread: If it cannot be had.
        """
        query = {"labelSelector": pods} | _selecting(labels)
        found = await self._read(f"namespaces/{namespace}/pods/*/{_escaped(metric)}", query)
        return {each.described_object.name: _sample(each) for each in found.items}

    async def of_object(
        self, namespace: str, metric: str, kind: Kind, name: str, *, labels: Mapping[str, str]
    ) -> int:
        """Return a metric of one object, in thousandths.

        Raises:
            Unread: If it cannot be had, or not as one value.
        """
        where = f"namespaces/{namespace}/{kind.resource}/{_escaped(name)}/{_escaped(metric)}"
        found = await self._read(where, _selecting(labels))
        if len(found.items) != 1:
            raise Unread(f"{GROUP} has {len(found.items)} values of {metric}, where one is wanted")
        return found.items[0].value.milli_value()

    async def _read(self, path: str, query: Mapping[str, str]) -> Values:
        """Ask for values, at the version that is served."""
        versions = (self._version,) if self._version else VERSIONS
        missing: NotFound | None = None
        for version in versions:
            request = Request(method="GET", path=f"/apis/{GROUP}/{version}/{path}", query=query)
            try:
                answer = await self._client.send(request)
                self._version = version
                return decode(answer.body, Values)
            except NotFound as error:
                missing = error
            except (InformersError, DecodeError) as error:
                raise Unread(f"{GROUP} cannot be read: {error}") from error
        self._version = ""
        raise Unread(_absent(missing)) from missing


def _absent(error: NotFound | None) -> str:
    """Say whether it is the metric that is missing, or who could know it."""
    if error is not None and "metric" in error.message:
        return f"{GROUP} does not know the metric: {error.message}"
    return (
        f"the cluster has no {GROUP}: install an adapter that serves it, or ask Prometheus for "
        "the metric, as an external one"
    )


def _selecting(labels: Mapping[str, str]) -> dict[str, str]:
    if not labels:
        return {}
    return {"metricLabelSelector": ",".join(f"{key}={value}" for key, value in labels.items())}


def _sample(value: Value) -> Sample:
    seconds = MINUTE if value.window_seconds is None else value.window_seconds
    return Sample(
        value=value.value.milli_value(), at=value.timestamp.nanoseconds, window=seconds * SECOND
    )


def _escaped(name: str) -> str:
    return quote(name, safe="")
