"""The one door to the API server.

Every request has a deadline. A server that sheds load is asked again when it says so; credentials
that expired are reloaded once. A write passes the fence first: a process that cannot prove that it
leads sends nothing, and no write's deadline outlives that proof.

Whoever caches objects is told of every write and of every write without an answer (`observers`).
"""

import asyncio
import collections
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final, Protocol, Unpack

import attrs
import msgspec

from informers import request as requests
from informers.caveats import Caveats
from informers.clock import Clock, LoopClock
from informers.contact import Contact
from informers.errors import (
    SERVER_ERRORS,
    DeadlineExceeded,
    DecodeError,
    FenceClosed,
    InformersError,
    NotFound,
    OutcomeUnknown,
    TransportError,
    Unauthorized,
)
from informers.latency import Latency
from informers.meta.kinds import Kind, Subresource
from informers.observers import Observers
from informers.reply import (
    ANSWER,
    LIST,
    List,
    Page,
    Status,
    is_success,
    refusal,
    retry_wait,
)
from informers.request import (
    Body,
    DeleteOptions,
    ListOptions,
    PatchType,
    Request,
    WriteOptions,
)
from informers.snapshot import Snapshot, name_of, seal
from informers.transport import Carrier, Endpoint, Response, Stream, Transport

DEFAULT_TIMEOUT: Final = 30.0
CAUSE: Final[ContextVar[str]] = ContextVar("cause", default="")
"""On whose behalf requests are made, such as the controller and key being reconciled."""
MAX_ATTEMPTS: Final = 10
PAGE_SIZE: Final = 500
WHOLE: Final = ("", "status")
"""The subresources whose writes are answered with the whole object."""


class Fence(Protocol):
    """The proof that this process may write."""

    def remaining(self) -> float:
        """Seconds for which the proof still holds; zero or less when it does not."""
        ...


class Client:
    """Requests to one API server under one identity."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        clock: Clock | None = None,
        fence: Fence | None = None,
        user_agent: str = "pentad",
        connections: int = 64,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        self.clock: Clock = clock or LoopClock()
        self.fence = fence
        self.observers = Observers()
        self.caveats = Caveats()
        self.contact = Contact()
        self.answers: collections.Counter[tuple[str, int]] = collections.Counter()
        self.unanswered: collections.Counter[str] = collections.Counter()
        self.latencies: dict[str, Latency] = collections.defaultdict(Latency)
        self.endpoint = endpoint
        self._timeout = timeout
        self._transport: Carrier = Transport(
            endpoint,
            user_agent=user_agent,
            connections=connections,
            clock=self.clock,
            contact=self.contact,
            allowance=self._allowance,
        )

    def wrap(self, wrapper: Callable[[Carrier], Carrier]) -> None:
        """Have something stand between it and its connections."""
        self._transport = wrapper(self._transport)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    # Reading

    async def get(
        self,
        kind: Kind,
        name: str,
        *,
        namespace: str = "",
        subresource: Subresource = "",
        timeout: float | None = None,
    ) -> Snapshot:
        """Read one object at its latest; caches learn from it."""
        request = requests.get(kind, name, namespace=namespace, subresource=subresource)
        response = await self.send(request, timeout=timeout)
        if subresource:
            return seal(response.body, nameless=True)
        return self.observers.tell_wrote(kind, response.body)

    async def list(
        self, kind: Kind, options: ListOptions | None = None, *, timeout: float | None = None
    ) -> Page:
        """Read a collection, or one page of it when `options.limit` says so."""
        request = requests.list_(kind, options or ListOptions())
        found = await self._send_list(request, timeout=timeout)
        return Page(
            items=[seal(bytes(item)) for item in found.items or ()],
            resource_version=found.metadata.resource_version,
            continue_token=found.metadata.continue_,
            remaining=found.metadata.remaining_item_count,
        )

    async def read_all(self, kind: Kind, options: ListOptions) -> set[str]:
        """Read a collection at its latest; caches learn from it. Returns the uids there are."""
        uids: set[str] = set()
        upto = self.observers.doubts
        options = attrs.evolve(options, limit=PAGE_SIZE)
        while True:
            found = await self._send_list(requests.list_(kind, options))
            for item in found.items or ():
                uids.add(self.observers.tell_listed(kind, bytes(item), upto=upto))
            if not found.metadata.continue_:
                return uids
            options = attrs.evolve(options, continue_token=found.metadata.continue_)

    @asynccontextmanager
    async def stream(
        self, request: Request, *, timeout: float | None = None
    ) -> AsyncIterator[Stream]:
        """Follow a watch, or read a large list piece by piece.

        Raises:
            StatusError: If the server refuses.
            TransportError: If there is no answer within `timeout`.
        """
        limit = timeout or self._timeout
        await self._refresh()
        async with self._transport.stream(request, timeout=limit) as stream:
            self.answers[request.method, stream.code] += 1
            if stream.code == Unauthorized.codes[0]:
                await self.endpoint.refresh(force=True)
                raise Unauthorized(self.endpoint.explain_unauthorized(), code=stream.code)
            if not is_success(stream.code):
                body = await stream.read(within=limit)
                raise refusal(Response(stream.code, body, stream.retry_after))
            yield stream

    # Writing

    async def create(
        self,
        kind: Kind,
        body: Body,
        *,
        name: str = "",
        timeout: float | None = None,
        **options: Unpack[WriteOptions],
    ) -> Snapshot | Status:
        """Create an object, or post to a subresource such as eviction, binding or token."""
        return await self._write(
            requests.write("POST", kind, body, name=name, **options), timeout=timeout
        )

    async def update(
        self,
        kind: Kind,
        name: str,
        body: Body,
        *,
        timeout: float | None = None,
        **options: Unpack[WriteOptions],
    ) -> Snapshot | Status:
        """Replace an object; with a resourceVersion in it, only if nobody changed it since."""
        return await self._write(
            requests.write("PUT", kind, body, name=name, **options), timeout=timeout
        )

    async def patch(
        self,
        kind: Kind,
        name: str,
        body: Body,
        *,
        type_: PatchType = "merge",
        force: bool = False,
        timeout: float | None = None,
        **options: Unpack[WriteOptions],
    ) -> Snapshot | Status:
        """Change an object in part."""
        request = requests.patch(kind, name, body, type_=type_, force=force, **options)
        return await self._write(request, timeout=timeout)

    async def apply(
        self,
        kind: Kind,
        name: str,
        body: Body,
        *,
        force: bool = True,
        timeout: float | None = None,
        **options: Unpack[WriteOptions],
    ) -> Snapshot | Status:
        """Server-side apply: state the fields we want; `manager` is who owns them."""
        request = requests.patch(kind, name, body, type_="apply", force=force, **options)
        return await self._write(request, timeout=timeout)

    async def delete(
        self,
        kind: Kind,
        name: str,
        how: DeleteOptions | None = None,
        *,
        timeout: float | None = None,
        **options: Unpack[WriteOptions],
    ) -> Snapshot | Status:
        """Delete an object; one that finalizers hold is returned, otherwise it is gone."""
        how = how or DeleteOptions()
        request = requests.delete(kind, name, how, **options)
        try:
            return await self._write(request, timeout=timeout)
        except NotFound:
            if how.uid:
                self.observers.tell_deleted(kind, request.key, how.uid)
            raise

    async def delete_collection(
        self,
        kind: Kind,
        which: ListOptions | None = None,
        how: DeleteOptions | None = None,
        *,
        dry_run: bool = False,
        timeout: float | None = None,
    ) -> None:
        """Delete all objects that `which` selects, and read back what became of them."""
        which = which or ListOptions()
        request = requests.delete_collection(kind, which, how or DeleteOptions(), dry_run=dry_run)
        try:
            found = await self._send_list(request, timeout=timeout)
            if dry_run:
                return
            # It answers with the objects as they were before: only a read tells what is left.
            upto = self.observers.doubts
            left = await self.read_all(kind, which)
        except (InformersError, asyncio.CancelledError):
            self.observers.tell_doubtful(request, CAUSE.get())
            raise
        for item in found.items or ():
            gone = name_of(item)
            if gone.uid not in left:
                self.observers.tell_deleted(kind, gone.key, gone.uid, upto=upto)

    # Sending

    async def send(self, request: Request, *, timeout: float | None = None) -> Response:
        """Send a request until it is answered, within its deadline.

        Raises:
            StatusError: If the server refuses.
            FenceClosed: If it is a write and leadership is not certain.
            TransportError: If there is no answer; `OutcomeUnknown` if a write may have happened.
        """
        deadline = self.clock.monotonic() + (timeout or self._timeout)
        await self._refresh()
        reloaded = False
        for attempt in range(1, MAX_ATTEMPTS + 1):
            response = await self._attempt(request, deadline)
            if is_success(response.code):
                return response
            error = refusal(response)
            if isinstance(error, Unauthorized) and not reloaded:
                reloaded = True
                if await self.endpoint.refresh(force=True):
                    continue
            if isinstance(error, Unauthorized):
                raise Unauthorized(self.endpoint.explain_unauthorized(), code=error.code)
            wait = retry_wait(error)
            if wait is None or attempt == MAX_ATTEMPTS:
                raise error
            if self.clock.monotonic() + wait >= deadline:
                raise error
            await self.clock.sleep(wait)
        raise AssertionError("the last attempt either returns or raises")

    async def _send_list(self, request: Request, *, timeout: float | None = None) -> List:
        """Send what is answered with a list."""
        response = await self.send(request, timeout=timeout)
        try:
            return LIST.decode(response.body)
        except msgspec.DecodeError as error:
            raise DecodeError(f"{request}: not a list: {error}") from error

    async def _refresh(self) -> None:
        """Reload credentials that are due; usually a comparison of two numbers."""
        if self.clock.monotonic() >= self.endpoint.due:
            await self.endpoint.refresh()

    async def _attempt(self, request: Request, deadline: float) -> Response:
        """Send once, within the deadline and, for a write, within the fence."""
        began = self.clock.monotonic()
        budget = min(deadline - began, self._allowance(request))
        if budget <= 0:
            raise DeadlineExceeded(f"{request}: no time left to send it")
        self.observers.begin()
        try:
            response = await self._transport.send(request, timeout=budget)
        except TransportError as error:
            self.unanswered[request.method] += 1
            if isinstance(error, OutcomeUnknown):
                self.observers.tell_doubtful(request, CAUSE.get())
            raise
        except asyncio.CancelledError:
            # Nobody waits for it any more, and it may have happened.
            self.observers.tell_doubtful(request, CAUSE.get())
            raise
        if response.code >= SERVER_ERRORS:
            self.observers.tell_doubtful(request, CAUSE.get())
        self.caveats.take(request, response.warnings)
        self.answers[request.method, response.code] += 1
        self.latencies[request.method].record(self.clock.monotonic() - began)
        return response

    def _allowance(self, request: Request) -> float:
        """Seconds for which a request may be under way; a write passes the fence.

        Asked when an attempt begins, and again by the transport before the first byte: waiting for
        a connection may have outlasted the proof.
        """
        if self.fence is None or not request.is_write:
            return math.inf
        allowed = self.fence.remaining()
        if allowed <= 0:
            raise FenceClosed(f"{request}: not sent, because leadership is not certain")
        return allowed

    async def _write(self, request: Request, *, timeout: float | None) -> Snapshot | Status:
        """Send a write and tell the caches what became of the object."""
        response = await self.send(request, timeout=timeout)
        assert request.kind is not None
        try:
            answer = ANSWER.decode(response.body)
        except msgspec.DecodeError as error:
            self.observers.tell_doubtful(request, CAUSE.get())
            raise DecodeError(f"{request}: neither an object nor a Status: {error}") from error
        if answer.kind == "Status":
            # Evictions, bindings and finished deletes have no version to wait for (CR#3590).
            uid = answer.details.uid if answer.details else ""
            if request.method == "DELETE" and uid and request.is_write:
                self.observers.tell_deleted(request.kind, request.key, uid)
            else:
                self.observers.tell_doubtful(request, CAUSE.get())
            return Status(uid=uid)
        if request.is_write and request.method != "DELETE" and request.subresource in WHOLE:
            return self.observers.tell_wrote(request.kind, response.body)
        snapshot = seal(response.body, nameless=True)
        if request.method != "DELETE" or not request.is_write:
            self.observers.tell_doubtful(request, CAUSE.get())
        elif snapshot.is_deleting:
            self.observers.tell_wrote(request.kind, response.body)
        else:
            # Some kinds answer with the object as it was; one that is held would say so.
            self.observers.tell_deleted(request.kind, request.key, snapshot.meta.uid)
        return snapshot
