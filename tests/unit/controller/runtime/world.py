"""The shipped runtime over a wire that says what a test lets it say; no sockets, virtual time.

It imitates no API server: a watch streams the objects the test put there and what it pushes later,
and every other request is answered by the test's own function.
"""

import asyncio
import random
from collections import defaultdict
from contextlib import asynccontextmanager

import attrs
import msgspec

from controller.runtime.runtime import Runtime
from informers.client import Client
from informers.errors import DeadlineExceeded
from informers.factory import Informers
from informers.feed import INITIAL_EVENTS_END
from informers.snapshot import seal
from informers.transport import Response
from tests.kit.answers import status
from tests.kit.virtual import VirtualClock


@attrs.define
class Nowhere:
    """The address of no server."""

    server: str = "http://127.0.0.1:9"
    ssl_context: None = None
    server_hostname: None = None
    proxy: None = None
    due: float = float("inf")

    def headers(self):
        """Say nothing of who we are."""
        return {}

    async def refresh(self, *, force=False):
        """Have nothing to reload."""
        del force
        return False

    def explain_unauthorized(self):
        """Say what a real connection would."""
        return "the server refuses our credentials"


class Kept:
    """A log that keeps what it was told."""

    def __init__(self):
        self.lines = []

    def debug(self, event, /, **fields):
        """Keep it."""
        self.lines.append((event, fields))

    info = warning = error = debug

    def events(self):
        """Return the names of what was told."""
        return [event for event, _ in self.lines]

    def told(self, event):
        """Return the fields of each time this was told."""
        return [fields for name, fields in self.lines if name == event]


class Stream:
    """One watch, or the refusal of one."""

    def __init__(self, code=200, body=b""):
        self.code, self.retry_after, self._body = code, "", body
        self.pieces = asyncio.Queue()

    async def chunk(self, *, within):
        """Return the next piece; there is always one more to wait for."""
        try:
            async with asyncio.timeout(within):
                return await self.pieces.get()
        except TimeoutError as error:
            raise DeadlineExceeded(f"nothing came for {within:g} s") from error

    async def gather(self, clock, seconds):
        """Have nothing to gather."""

    async def read(self, *, within):
        """Return the refusal."""
        del within
        return self._body


class Wire:
    """Stands in the place of the sockets."""

    def __init__(self):
        self.requests = []
        self.content = defaultdict(list)
        self.refused = {}  # plural -> status code
        self.answer = lambda request: (200, msgspec.json.decode(request.body))
        self.closed = 0
        self._streams = defaultdict(list)

    async def send(self, request, *, timeout):
        """Answer as the test wants: (code, body), an exception to raise, or an awaitable of one."""
        self.requests.append(request)
        said = self.answer(request)
        if asyncio.iscoroutine(said):
            async with asyncio.timeout(timeout):
                said = await said
        if isinstance(said, BaseException):
            raise said
        code, body = said
        return Response(code, msgspec.json.encode(body))

    @asynccontextmanager
    async def stream(self, request, *, timeout):
        """Stream the content there is, and then what is pushed."""
        del timeout  # this one never hesitates
        plural = request.kind.plural
        if code := self.refused.get(plural):
            yield Stream(code, msgspec.json.encode(status(code, f"{plural} is refused")))
            return
        stream = Stream()
        if "sendInitialEvents" in request.query:
            lines = [event("ADDED", found) for found in self.content[plural]]
            meta = {"resourceVersion": "50", "annotations": {INITIAL_EVENTS_END: "true"}}
            lines.append(event("BOOKMARK", {"metadata": meta}))
            stream.pieces.put_nowait(b"".join(lines))
        self._streams[plural].append(stream)
        try:
            yield stream
        finally:
            self._streams[plural].remove(stream)

    def push(self, kind, type_, body):
        """Tell every watch of the kind of a change."""
        for stream in self._streams[kind.plural]:
            stream.pieces.put_nowait(event(type_, body))

    async def close(self):
        """Count."""
        self.closed += 1

    def sent(self, *methods):
        """Return the decoded bodies of the requests of these methods."""
        wanted = methods or ("POST", "PUT", "PATCH", "DELETE")
        return [msgspec.json.decode(r.body) for r in self.requests if r.method in wanted]


class Listing(Wire):
    """One whose content is listed before it is watched."""

    def listed(self, request):
        """Return the list that answers a request."""
        content = self.content[request.kind.plural]
        return {"metadata": {"resourceVersion": "50"}, "items": content}

    @asynccontextmanager
    async def stream(self, request, *, timeout):
        """Be a watch, or a list."""
        if "watch" in request.query:
            async with super().stream(request, timeout=timeout) as stream:
                yield stream
            return
        answer = Stream()
        answer.pieces.put_nowait(msgspec.json.encode(self.listed(request)))
        answer.pieces.put_nowait(b"")
        yield answer


def event(type_, body):
    """Return a line of a watch."""
    return msgspec.json.encode({"type": type_, "object": body}) + b"\n"


def thing(name="w", *, version=1, kind=None, **more):
    """Return an object as the server would send it; `meta_` fields go into its metadata."""
    meta = {"name": name, "namespace": "ns", "uid": f"u-{name}", "resourceVersion": str(version)}
    meta |= more.pop("meta", {})
    head = {"apiVersion": kind.api_version, "kind": kind.kind} if kind else {}
    return head | {"metadata": meta} | more


def picture(name="w", **more):
    """Return a snapshot of one."""
    return seal(msgspec.json.encode(thing(name, **more)))


class World:
    """A runtime and the wire it talks over."""

    def __init__(self):
        self.clock, self.log, self.wire = VirtualClock(), Kept(), Wire()
        self.client = Client(Nowhere(), clock=self.clock)
        self.client._transport = self.wire
        rng = random.Random(1)
        self.informers = Informers(self.client, rng=rng)
        self.runtime = Runtime(self.client, self.informers, log=self.log, rng=rng)

    @asynccontextmanager
    async def reflecting(self, *informers):
        """Run the informers, and begin when these know their content."""
        async with self.informers:
            for informer in informers:
                await informer.wait_synced()
            yield self

    @asynccontextmanager
    async def working(self, *controllers):
        """Run controllers, caches first; ends them without a drain."""
        async with self.informers, asyncio.TaskGroup() as group:
            for controller in controllers:
                await controller.warm_up(group)
            for controller in controllers:
                controller.start(group)
            try:
                yield self
            finally:
                for controller in controllers:
                    await controller.stop(limit=0)
