"""Following the logs of many containers, and of those that come later.

Pods are watched by their metadata alone. One that was not seen before is reason to ask again what
the object owns; so new pods of a rollout, of a scaling or in the place of one that died are
followed, however deep below the object they are made.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import msgspec

from controller.cli import podlogs
from controller.cli.errors import NoAnswer
from controller.cli.loglines import Line
from controller.cli.podlogs import Extent, Source
from controller.cli.session import Session
from informers import request as requests
from informers.errors import BadRequest, InformersError, StatusError, TransportError
from informers.meta.builtin import POD
from informers.request import ListOptions
from informers.stream import Lines

START_SECONDS: Final = 600.0
"""How long a container may take to start before it is given up."""
WATCH_SECONDS: Final = 1800
_LATE_SECONDS: Final = 60.0
_TRIES: Final = 5
_PAUSE: Final = 1.0

Later = Callable[[], Awaitable[Sequence[Source]]]


class _Meta(msgspec.Struct, frozen=True):
    uid: str = ""


class _Object(msgspec.Struct, frozen=True):
    metadata: _Meta = _Meta()


class _Event(msgspec.Struct, frozen=True):
    object: _Object = _Object()


_EVENT: Final = msgspec.json.Decoder(_Event)


class Following:
    """Prints the lines of containers as they come.

    Args:
        session: The way to the server.
        extent: How much is wanted of what is there already; of what comes later, all is.
        write: Takes each line.
        most: How many may be followed at a time.
    """

    def __init__(
        self, session: Session, extent: Extent, write: Callable[[Line], None], *, most: int
    ) -> None:
        self._session = session
        self._extent = extent
        self._write = write
        self._most = most
        self._begun: set[Source] = set()
        self._running = 0

    async def run(self, sources: Sequence[Source], later: Later | None, *, namespace: str) -> None:
        """Follow these, and whatever `later` returns when there are new pods in the namespace.

        Without `later` it ends with the last container.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._begin(group, sources, self._extent, is_patient=later is not None)
                if later is not None:
                    await self._take(group, later, namespace)
        except ExceptionGroup as several:  # nobody reads the output any more: each task says so
            raise several.exceptions[0] from None

    async def _take(self, group: asyncio.TaskGroup, later: Later, namespace: str) -> None:
        """Begin with what comes, until the object whose pods they are is gone."""
        known: set[str] = set()
        try:
            async for uids in self._arrivals(namespace):
                if uids <= known:
                    continue
                known |= uids
                self._begin(group, await later(), Extent(), is_patient=True)
        except NoAnswer as gone:
            self._session.screen.note(str(gone))
        except StatusError as error:
            self._session.screen.note(f"pods that come later are not followed: {error.message}")

    async def _arrivals(self, namespace: str) -> AsyncIterator[set[str]]:
        """Yield the uids of pods that are there, then of those that come or change."""
        client, tries = self._session.client, 0
        options = ListOptions(namespace=namespace, metadata_only=True)
        while True:
            lines = Lines()
            try:
                asked = requests.watch(POD, options, timeout_seconds=WATCH_SECONDS)
                async with client.stream(asked) as stream:
                    while chunk := await stream.chunk(within=WATCH_SECONDS + _LATE_SECONDS):
                        tries = 0
                        found = {
                            _EVENT.decode(each).object.metadata.uid for each in lines.feed(chunk)
                        }
                        yield found - {""}
            except TransportError:
                tries += 1
                if tries > _TRIES:
                    raise
            await client.clock.sleep(_PAUSE)

    def _begin(
        self,
        group: asyncio.TaskGroup,
        sources: Sequence[Source],
        extent: Extent,
        *,
        is_patient: bool,
    ) -> None:
        new = [each for each in sources if each not in self._begun]
        for source in new[: self._most - self._running]:
            self._begun.add(source)
            self._running += 1
            group.create_task(self._one(source, extent, is_patient=is_patient))
        if left := len([each for each in new if each not in self._begun]):
            self._session.screen.note(
                f"{left} more containers are not followed: raise --max-log-requests"
            )

    async def _one(self, source: Source, extent: Extent, *, is_patient: bool) -> None:
        """Follow one container, once it has begun."""
        client, screen = self._session.client, self._session.screen
        end = client.clock.monotonic() + (START_SECONDS if is_patient else 0.0)
        try:
            while True:
                try:
                    await self._print(source, extent)
                except BadRequest:  # it has not begun
                    if client.clock.monotonic() >= end:
                        raise
                    await client.clock.sleep(_PAUSE)
                else:
                    return
        except StatusError as error:
            screen.note(podlogs.explain(source, error))
        except InformersError as error:
            screen.note(f"{source.title}: {error}")
        finally:
            self._running -= 1

    async def _print(self, source: Source, extent: Extent) -> None:
        async for line in podlogs.follow(self._session.client, source, extent):
            self._write(line)
            self._session.screen.out.flush()
