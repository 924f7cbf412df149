"""The coordination.k8s.io Lease: its wire type, and one request at a time to read or write it.

The election thread has a connection of its own, apart from the client's: a pool full of slow
requests or a blocked event loop must not cost the lease. Every request carries the credentials
of that moment, so rotated tokens and certificates are used from the next request on.

Promises: `send` answers every request with exactly one reply, whatever the network or the server
does, by the time the patience is over; a write keeps labels, annotations and fields it does not
know; two writes never carry the same renewTime, however the wall clock steps.
Leaves to others: when to send what (`machine`), and how long to wait (`driver`).
"""

import datetime as dt
import ssl
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.fence import ElectionError
from controller.runtime.election.machine import (
    Claim,
    Conflict,
    Failed,
    Missing,
    Record,
    Reply,
    Request,
    Seen,
    Verb,
)
from controller.runtime.election.wire import Answer, Channel, Patience
from informers.errors import InformersError
from informers.http1 import field
from informers.meta.errors import UNREADABLE

_METHOD = {Verb.READ: "GET", Verb.CREATE: "POST", Verb.UPDATE: "PUT"}
_FIELDS = "User-Agent: pentad-leader-election\r\nAccept: application/json\r\n"
_MOST_TRANSITIONS = 2**31 - 1
"""The field's 32 bits: a Lease that was filled to its end by somebody can still be taken."""
_REMEDIES: Mapping[int, str] = {
    HTTPStatus.FORBIDDEN: ": grant it to this user (kubectl apply --server-side -k "
    "manifests/rbac/manager), or name another Lease",
    HTTPStatus.NOT_FOUND: ": create that namespace, or name another with --lease-namespace",
}


class Connection(Protocol):
    """Where the API server is and who we are; read anew for every request, from a thread."""

    @property
    def server(self) -> str:
        """The base address, such as https://127.0.0.1:6443."""
        ...

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """Trust and client certificate; None for plain HTTP."""
        ...

    @property
    def proxy(self) -> str | None:
        """An HTTP proxy to tunnel through, if any."""
        ...

    @property
    def server_hostname(self) -> str | None:
        """The name the server's certificate must show, if not that of the address."""
        ...

    def headers(self) -> Mapping[str, str]:
        """The credentials valid now, from any thread; a name may repeat in `items()`."""
        ...


class CredentialsUnavailable(ElectionError):
    """The connection could not say who we are."""


class LeaseSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who holds the lease, since when, and for how long; a time of zero comes as null."""

    holder_identity: str | UnsetType = UNSET
    lease_duration_seconds: int | UnsetType = UNSET
    acquire_time: str | UnsetType | None = UNSET
    renew_time: str | UnsetType | None = UNSET
    lease_transitions: int | UnsetType = UNSET
    strategy: str | UnsetType = UNSET
    preferred_holder: str | UnsetType = UNSET


class Lease(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A coordination.k8s.io/v1 Lease; metadata is carried as it came."""

    api_version: str = "coordination.k8s.io/v1"
    kind: str = "Lease"
    metadata: dict[str, object]
    spec: LeaseSpec = LeaseSpec()


class _Status(msgspec.Struct, frozen=True):
    """The part of an error reply that people read."""

    message: str = ""


def utc_now() -> dt.datetime:
    """The time of day, for the stamps people read in `kubectl get lease`."""
    return dt.datetime.now(dt.UTC)


class LeaseClient:
    """Reads and writes one Lease over one kept connection."""

    def __init__(
        self,
        config: ElectionConfig,
        connection: Connection,
        *,
        patience: Patience,
        wall: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._config = config
        self._connection = connection
        self._patience = patience
        self._wall = wall
        self._channel: Channel | None = None
        self._made_for: tuple[object, ...] = ()
        self._fresh_enough()  # a bad address is told at the start

    def send(self, request: Request) -> Reply:
        """Do one request; a failure is a reply too."""
        try:
            answer = self._exchange(request)
            return self._reply(request, answer.code, answer.body)
        except (
            OSError,
            ValueError,  # what cannot be sent, such as a token with a line break
            ElectionError,
            InformersError,  # what came is no answer
            msgspec.DecodeError,
            RecursionError,  # a body nested deeper than the interpreter's stack
        ) as error:
            self.close()
            return Failed(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Drop the connection; the next request makes a new one."""
        if self._channel is not None:
            self._channel.close()

    def _exchange(self, request: Request) -> Answer:
        body = b""
        if request.claim is not None:
            body = msgspec.json.encode(self._desired(request.claim, request.basis))
        channel = self._fresh_enough()
        fields = "".join(field(name, value) for name, value in self._credentials().items())
        if body:
            fields += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return channel.ask(_METHOD[request.verb], self._path(request), fields + _FIELDS, body)

    def _credentials(self) -> Mapping[str, str]:
        try:
            return self._connection.headers()
        except Exception as error:  # whatever a plugin raises: the next try may succeed
            raise CredentialsUnavailable(f"{type(error).__name__}: {error}") from error

    def _fresh_enough(self) -> Channel:
        """The kept connection, or a new one when address or certificates have changed."""
        at = self._connection
        wanted = (at.server, at.ssl_context, at.proxy, at.server_hostname)
        if self._channel is None or self._made_for != wanted:
            self.close()
            self._channel = Channel(
                urlsplit(at.server),
                self._patience,
                context=at.ssl_context,
                proxy=at.proxy,
                server_hostname=at.server_hostname,
            )
            self._made_for = wanted
        return self._channel

    def _path(self, request: Request) -> str:
        prefix = urlsplit(self._connection.server).path.rstrip("/")
        leases = f"namespaces/{quote(self._config.namespace, safe='')}/leases"
        path = f"{prefix}/apis/coordination.k8s.io/v1/{leases}"
        if request.verb is not Verb.CREATE:
            path += f"/{quote(self._config.name, safe='')}"
        # The server gives up when we do: less can happen after the deadline.
        seconds = max(self._patience.remaining(), 0.001)
        return f"{path}?timeout={seconds:.3f}s&fieldManager=pentad-leader-election"

    def _desired(self, claim: Claim, basis: Record | None) -> Lease:
        if basis is None:
            lease = Lease(metadata={"name": self._config.name, "namespace": self._config.namespace})
        else:
            assert isinstance(basis.origin, Lease), "a basis comes from a reply"
            lease = basis.origin
        stamp = self._stamp(lease.spec.renew_time)
        spec = msgspec.structs.replace(
            lease.spec,
            holder_identity=claim.holder,
            lease_duration_seconds=claim.duration,
            lease_transitions=min(claim.transitions, _MOST_TRANSITIONS),
            acquire_time=stamp if claim.is_new else lease.spec.acquire_time,
            renew_time=stamp,
        )
        return msgspec.structs.replace(lease, spec=spec)

    def _stamp(self, last: str | UnsetType | None) -> str:
        """Now, in the server's own format; never the stamp that is already there."""
        now = self._wall()
        stamp = _micro_time(now)
        return stamp if stamp != last else _micro_time(now + dt.timedelta(microseconds=1))

    def _reply(self, request: Request, status: int, body: bytes) -> Reply:
        if status in (HTTPStatus.OK, HTTPStatus.CREATED):
            return Seen(self.read(body))
        if status == HTTPStatus.CONFLICT:
            return Conflict()
        if status == HTTPStatus.NOT_FOUND and request.verb is not Verb.CREATE:
            return Missing()
        return Failed(f"HTTP {status}: {_message(body)}{_REMEDIES.get(status, '')}", status)

    def read(self, body: bytes) -> Record:
        """Take from a Lease what the election needs, and keep the rest for the next write."""
        lease = msgspec.json.decode(body, type=Lease)
        lease.metadata.pop("managedFields", None)  # absent means unchanged, and it is the bulk
        spec = lease.spec
        return Record(
            holder=spec.holder_identity or "",
            duration=spec.lease_duration_seconds or self._config.lease,
            transitions=spec.lease_transitions or 0,
            version=str(lease.metadata.get("resourceVersion", "")),
            stamp=spec.renew_time or "",
            origin=lease,
        )


def _micro_time(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _message(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Status).message
    except UNREADABLE:
        return body[:200].decode(errors="replace")
