"""One part of the cluster's state, kept current for as long as it runs.

A reflector lists a kind, or lets a watch stream its content (WatchList), and then follows the
changes for ever. It promises:

- Whatever happens, it goes on: every error backs off and is tried again; none ends it. How long
  that takes, and what makes it shorter, is `patience`.
- It returns to where it was. A watch resumes at the last version seen, a new list is asked for at
  that version and not from etcd, and only a server that no longer has it (410) or does not have it
  yet ("too large resource version") is asked for its latest (k/k#86483, k/k#107133).
- It never waits for ever: headers, initial content and silence each have a limit. Bookmarks come
  about once a minute, so a watch silent for longer is dead and is replaced (kopf#1276). One of a
  version that is yet to come is silent, too: whether the server went back in time is asked then.
- A server, or a proxy before it, that cannot stream the initial content is found out within a
  deadline and remembered (k/k#140890).

What it learns goes into a `Store`; the changes go to `deliver`, in order, in the step that made
them.
"""

import itertools
import random
from collections.abc import Callable
from typing import Final

import attrs

from informers import request as requests
from informers.client import Client
from informers.errors import (
    BadRequest,
    DeadlineExceeded,
    Gone,
    InformersError,
    Invalid,
    MethodNotSupported,
    NotFound,
    StatusError,
    TooLargeResourceVersion,
    TransportError,
)
from informers.feed import Feed, InitialContentRefused, Statistics
from informers.meta.kinds import Kind
from informers.pages import ListReader
from informers.patience import Patience
from informers.request import ListOptions, Request
from informers.snapshot import Claims, Transform
from informers.store import Change, Generation, Scope, Store
from informers.stream import Lines
from informers.transport import Stream
from informers.versions import is_older

PAGE_SIZE: Final = 500
YIELD_BYTES: Final = 32 * 1024
GATHER_SECONDS: Final = 0.01
SHORT_SECONDS: Final = 1.0
BROKEN_ATTEMPTS: Final = 2


@attrs.frozen(kw_only=True)
class Pace:
    """The limits a reflector keeps; tests shorten them, nobody else should need to."""

    watch_least: float = 300.0
    watch_most: float = 600.0
    headers: float = 30.0
    idle: float = 75.0
    idle_most: float = 600.0
    body_idle: float = 60.0
    initial_silence: float = 10.0
    initial_change: float = 30.0
    initial_most: float = 300.0


@attrs.frozen(kw_only=True)
class Source:
    """What to reflect, and what to keep of each object."""

    kind: Kind
    label_selector: str = ""
    field_selector: str = ""
    metadata_only: bool = False
    transform: Transform | None = None
    claims: Claims | None = None


class Verdicts:
    """Which kinds' servers stream initial content; shared by all reflectors of a client."""

    def __init__(self) -> None:
        self.refused: dict[Kind, str] = {}
        self._broken: dict[Kind, int] = {}

    def may_stream(self, kind: Kind) -> bool:
        """Whether it is worth asking for a streamed content."""
        return kind not in self.refused

    def refuse(self, kind: Kind, why: str) -> None:
        """Remember that this kind has to be listed."""
        self.refused[kind] = why

    def broke(self, kind: Kind, why: str) -> bool:
        """Count an initial content that broke off; one too many and it is not tried again."""
        self._broken[kind] = self._broken.get(kind, 0) + 1
        if self._broken[kind] >= BROKEN_ATTEMPTS:
            self.refuse(kind, why)
        return not self.may_stream(kind)

    def succeeded(self, kind: Kind) -> None:
        """Forget what broke before."""
        self._broken.pop(kind, None)


class Reflector:
    """Keeps one scope of a store current."""

    def __init__(
        self,
        client: Client,
        source: Source,
        store: Store,
        scope: Scope,
        deliver: Callable[[list[Change]], None],
        *,
        verdicts: Verdicts,
        rng: random.Random,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._source = source
        self._store = store
        self.scope = self._scope = scope
        self._deliver = deliver
        self._verdicts = verdicts
        self._rng = rng
        self._pace = pace or Pace()
        self._clock = client.clock
        self._patience = Patience(self._clock, rng, client.contact)
        self._idle = self._pace.idle
        self.is_optional = False
        self.statistics = Statistics()

    async def run(self) -> None:
        """Reflect until cancelled."""
        while True:
            try:
                await self._sync()
                await self._follow()
            except InformersError as error:
                await self._recover(error)

    def wake(self) -> None:
        """Try again now, because something changed that may help: a CRD appeared, say."""
        self._patience.wake()

    async def _recover(self, error: InformersError) -> None:
        """Note what went wrong and wait as long as it calls for."""
        self._note(error)
        if isinstance(error, NotFound):
            # The kind itself is not served: its CRD is missing, or went (k/k#79610).
            self.statistics.absent = True
            self._deliver(self._store.clear(self._scope))
            if self.is_optional:
                self._scope.ready.set()
        await self._patience.wait(error)

    def _note(self, error: InformersError) -> None:
        self.statistics.watching_since = None
        self.statistics.failures += 1
        self.statistics.last_error = f"{type(error).__name__}: {error}"

    def _contact(self) -> None:
        self.statistics.last_contact = self._clock.monotonic()

    # The content

    async def _sync(self) -> None:
        """Bring the scope to one consistent version, by the cheapest way that works."""
        kind = self._source.kind
        if self._verdicts.may_stream(kind):
            try:
                await self._stream_content()
            except InitialContentRefused as refusal:
                self._note(refusal)
                self._verdicts.refuse(kind, str(refusal))
            except (Gone, TooLargeResourceVersion) as error:
                self._note(error)  # a list can ask for the latest, and that is all it takes
            else:
                return
        await self._list_content()

    async def _stream_content(self) -> None:
        """Take the content, and then the changes, from one watch; return when that watch ends."""
        kind, watches = self._source.kind, self.statistics.watches
        feed = self._feed(initial=True)
        try:
            await self._consume(self._watch_request(initial=True), feed)
        except (Invalid, BadRequest, MethodNotSupported) as error:
            raise InitialContentRefused(f"the server says: {error}") from error
        except TransportError as error:
            if self.statistics.watches == watches:
                raise  # nobody answered, which says nothing of streaming
            if feed.is_initial:
                if self._verdicts.broke(kind, f"it broke off repeatedly: {error}"):
                    raise InitialContentRefused(str(error)) from error
                raise
            self._note(error)
        if feed.is_initial:
            raise TransportError("the watch ended before its initial content was complete")
        self._verdicts.succeeded(kind)

    async def _list_content(self) -> None:
        """List, page by page if the server pages, and replace the scope's content."""
        try:
            version, generation = await self._list_at(self._scope.version or "0")
        except (Gone, TooLargeResourceVersion):
            version, generation = await self._list_at("")
        else:
            if is_older(version, self._scope.version):
                # This server lags behind the one we knew; only etcd can tell (k/k#59848).
                version, generation = await self._list_at("")
        self._contact()
        self.statistics.absent = False
        if is_older(version, self._scope.version):
            # Not even etcd has it any longer: it was restored from a backup.
            self._deliver(self._store.rewind(self._scope, generation, version))
            return
        if not self._scope.synced:
            await self._fill(generation)
        self._deliver(self._store.replace(self._scope, generation, version))

    async def _fill(self, generation: Generation) -> None:
        """Take a first content piece by piece, since nobody relies on it yet and it is large."""
        snapshots = iter(generation.news.values())
        while part := list(itertools.islice(snapshots, PAGE_SIZE)):
            self._deliver(self._store.fill(part))
            await self._clock.sleep(0)

    async def _list_at(self, version: str) -> tuple[str, Generation]:
        """All pages as of a version; the watch cache answers other versions only unpaged."""
        generation = Generation(self._store)
        limit = PAGE_SIZE if version in ("", "0") else 0
        token = ""
        while True:
            options = attrs.evolve(
                self._options(), resource_version=version, limit=limit, continue_token=token
            )
            try:
                reader = await self._read_list(options, generation)
            except Gone:
                if not token:
                    raise
                # The pages outlived their version: once more, and all at once (client-go pager).
                generation, limit, token, version = Generation(self._store), 0, "", ""
                continue
            token = reader.continue_token
            if not token:
                return reader.resource_version, generation

    async def _read_list(self, options: ListOptions, generation: Generation) -> ListReader:
        """Read one answer into the generation while it arrives."""
        self.statistics.lists += 1
        source = self._source
        reader = ListReader(transform=source.transform, claims=source.claims)
        request = requests.list_(source.kind, options)
        async with self._client.stream(request, timeout=self._pace.headers) as stream:
            while chunk := await self._chunk(stream, self._pace.body_idle):
                for snapshot in reader.feed(chunk):
                    generation.add(snapshot)
                await self._clock.sleep(0)
        for snapshot in reader.finish():
            generation.add(snapshot)
        for key in reader.skipped:
            generation.keep(key)
        self.statistics.undecodable += len(reader.skipped)
        return reader

    # The changes

    async def _follow(self) -> None:
        """Watch from the scope's version, again and again, until it is no longer kept."""
        while True:
            began, events = self._clock.monotonic(), self.statistics.events
            watches, silent = self.statistics.watches, self.statistics.silent_watches
            problem: InformersError | None = None
            try:
                await self._consume(self._watch_request(initial=False), self._feed(initial=False))
            except (Gone, NotFound, TooLargeResourceVersion):
                raise
            except InformersError as error:
                problem = error
            is_established = self.statistics.watches > watches
            is_short = self._clock.monotonic() - began < SHORT_SECONDS
            is_vain = is_short and self.statistics.events == events
            if is_established and not is_vain:
                self._patience.reset()
            if is_vain or not is_established or isinstance(problem, StatusError):
                # What the server refuses, however slowly, it does not want to be asked at once.
                # That there is no way to it may take seconds to be found out, too.
                await self._recover(problem or TransportError("the watch ended without an event"))
            elif problem is not None:
                self._note(problem)
            if self.statistics.silent_watches > silent:
                await self._check_history()

    async def _check_history(self) -> None:
        """Raise if etcd does not have the version watched from, and so tells of nothing below it.

        One that was restored from a backup counts again from there; servers do not refuse a watch
        of a version to come, and leave out all that happens before it, bookmarks included.
        """
        try:
            page = await self._client.list(
                self._source.kind, attrs.evolve(self._options(), limit=1)
            )
        except InformersError as error:
            self._note(error)  # the next watch that falls silent asks again
            return
        if is_older(page.resource_version, self._scope.version):
            message = f"watched from {self._scope.version}, but it has {page.resource_version}"
            raise TooLargeResourceVersion(f"the server went back in time: {message}", code=504)

    async def _consume(self, request: Request, feed: Feed) -> None:
        """Feed what a watch brings until it ends, breaks or falls silent."""
        async with self._client.stream(request, timeout=self._pace.headers) as stream:
            began = self._clock.monotonic()
            self.statistics.watches += 1
            self.statistics.watching_since = began
            self.statistics.absent = False
            self._contact()
            lines = Lines()
            while chunk := await self._next(stream, feed, began):
                feed.take(lines.feed(chunk))
                if len(chunk) > YIELD_BYTES:
                    await self._clock.sleep(0)
                elif feed.is_initial:
                    await stream.gather(self._clock, GATHER_SECONDS)
            if lines.rest:
                # A last line that was cut off does not decode; a whole one counts (T08).
                feed.take([lines.rest])
            self.statistics.watching_since = None

    async def _next(self, stream: Stream, feed: Feed, began: float) -> bytes:
        """The next chunk of a watch, or the reason why there will be none."""
        if feed.is_initial:
            return await self._next_initial(stream, feed, began)
        bookmarks = self.statistics.bookmarks
        try:
            chunk = await self._chunk(stream, self._idle)
        except DeadlineExceeded:
            self.statistics.silent_watches += 1
            if not bookmarks:
                # A server that never sent a bookmark may just have nothing to say.
                self._idle = min(self._idle * 2, self._pace.idle_most)
            raise
        return chunk

    async def _next_initial(self, stream: Stream, feed: Feed, began: float) -> bytes:
        pace = self._pace
        most = pace.initial_change if feed.has_changed else pace.initial_most
        left = began + most - self._clock.monotonic()
        try:
            return await self._chunk(stream, min(pace.initial_silence, left))
        except DeadlineExceeded as error:
            raise InitialContentRefused("its end was not marked in time") from error

    async def _chunk(self, stream: Stream, limit: float) -> bytes:
        chunk = await stream.chunk(within=limit)
        self._contact()
        return chunk

    def _feed(self, *, initial: bool) -> Feed:
        source = self._source
        return Feed(
            self._store,
            self._scope,
            self._deliver,
            self.statistics,
            initial=initial,
            transform=source.transform,
            claims=source.claims,
        )

    def _options(self) -> ListOptions:
        source = self._source
        return ListOptions(
            namespace=self._scope.namespace,
            label_selector=source.label_selector,
            field_selector=source.field_selector,
            metadata_only=source.metadata_only,
        )

    def _watch_request(self, *, initial: bool) -> Request:
        seconds = self._rng.uniform(self._pace.watch_least, self._pace.watch_most)
        options = attrs.evolve(self._options(), resource_version=self._scope.version)
        return requests.watch(
            self._source.kind, options, timeout_seconds=int(seconds), initial_events=initial
        )
