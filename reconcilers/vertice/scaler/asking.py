"""Whom a scaler asks: the server of its spec, with the credentials that its Secrets hold.

Only Secrets that a spec names are read, one by one, and kept for a minute: a look every quarter of
a minute is no reason to ask for a password each time, and a new one is used soon enough. What was
read is let go of when nobody has asked for it for as long.
"""

from typing import Final

import attrs
from msgspec import UNSET, Struct, UnsetType

from controller.runtime.crew import Tasks
from controller.runtime.source import Log, Why
from controller.runtime.workqueue.queue import WorkQueue
from informers.client import Client
from informers.clock import Clock
from informers.errors import InformersError, NotFound
from informers.meta.builtin import SECRET
from informers.meta.codec import decode
from informers.meta.errors import DecodeError
from reconcilers.vertice.api.measured import Metric, SecretKey
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.matrix import Series, Span
from reconcilers.vertice.scaler.reading.prometheus import Queries
from reconcilers.vertice.scaler.reading.server import Server

KEPT: Final = 60.0


class _Secret(Struct, frozen=True):
    data: dict[str, bytes] = {}


@attrs.frozen
class _Kept:
    values: dict[str, bytes] = attrs.field(repr=False)
    read_at: float


class Asking:
    """Asks the Prometheus of a scaler."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._queries = Queries(clock)
        self._secrets: dict[str, _Kept] = {}

    async def ask(self, scaler: VerticeScaler, metric: Metric) -> int:
        """Return the answer to a metric's query, in thousandths.

        Raises:
            Unanswered: If there is none.
        """
        query = metric.external
        assert query is not UNSET, "only external metrics are asked for"
        server = await self._server(scaler)
        reading = await self._queries.ask(
            server,
            query.query,
            max_age=query.max_age.seconds,
            asker=str(scaler.metadata.namespace),
        )
        return reading.value

    async def history(self, scaler: VerticeScaler, metric: Metric, span: Span) -> Series:
        """Return what a metric's query would have found at each point of a span.

        Raises:
            Unanswered: If it cannot be told.
        """
        query = metric.external
        assert query is not UNSET, "only external metrics have a history"
        return await self._queries.history(
            await self._server(scaler),
            query.query,
            span,
            max_age=query.max_age.seconds,
            asker=str(scaler.metadata.namespace),
        )

    # A source without keys, so that its connections end when its controller does.

    async def start(
        self, queue: WorkQueue[str], why: Why, tasks: Tasks, *, log: Log | None = None
    ) -> None:
        """Call for nothing."""

    async def wait_synced(self) -> None:
        """Have nothing to wait for."""

    async def stop(self) -> None:
        """Close what is open."""
        await self._queries.close()

    async def _server(self, scaler: VerticeScaler) -> Server:
        wanted, namespace = scaler.spec.prometheus, str(scaler.metadata.namespace)
        auth, tls = wanted.auth, wanted.tls
        return Server(
            address=wanted.address,
            timeout=wanted.timeout.seconds,
            token=await self._value(namespace, auth.bearer_token),
            username=await self._value(namespace, auth.username),
            password=await self._value(namespace, auth.password),
            ca=await self._value(namespace, tls.ca),
            certificate=await self._value(namespace, tls.certificate),
            key=await self._value(namespace, tls.key),
            server_name=tls.server_name,
            insecure_skip_verify=tls.insecure_skip_verify,
        )

    async def _value(self, namespace: str, where: SecretKey | UnsetType) -> bytes:
        if where is UNSET:
            return b""
        values = await self._secret(namespace, where.name)
        if not values.get(where.key):
            raise Unanswered(
                f"Secret {where.name} has no {where.key}, which spec.prometheus names: put it "
                "there, or name another key"
            )
        return values[where.key]

    async def _secret(self, namespace: str, name: str) -> dict[str, bytes]:
        """Return what a Secret holds."""
        now, key = self._clock.monotonic(), f"{namespace}/{name}"
        self._secrets = {
            other: kept for other, kept in self._secrets.items() if now - kept.read_at < KEPT
        }
        if key not in self._secrets:
            self._secrets[key] = _Kept(await self._read(namespace, name), now)
        return self._secrets[key].values

    async def _read(self, namespace: str, name: str) -> dict[str, bytes]:
        try:
            found = await self._client.get(SECRET, name, namespace=namespace)
        except NotFound as error:
            raise Unanswered(
                f"there is no Secret {name}, which spec.prometheus names: make it, or name another"
            ) from error
        except InformersError as error:
            raise Unanswered(f"Secret {name} cannot be read: {error}") from error
        try:
            return decode(found.raw, _Secret).data
        except DecodeError as error:
            raise Unanswered(f"Secret {name} cannot be read: {error}") from error
