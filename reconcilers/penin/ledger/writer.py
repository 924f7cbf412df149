"""The ledger-writer: brings each entry that is an object onto the volume, in order, once.

It is one process per ledger, the only one that mounts the volume. It may be killed at any moment:
what it has written is found again when the file is opened, what it has not is still an object. Only
after an entry is on the disk does it report it as the head, and only what is behind a reported head
may be forgotten as an object.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, Protocol

import attrs

from informers.client import Client
from informers.clock import Clock
from informers.errors import InformersError, NotFound
from informers.factory import Informers
from informers.memo import Memo
from informers.meta.builtin import CONFIG_MAP
from informers.meta.microtime import MicroTime
from informers.reflector import Source
from reconcilers.penin.cluster.services import APP
from reconcilers.penin.ledger import entries
from reconcilers.penin.ledger.chain import Head, faults, hash_of
from reconcilers.penin.ledger.entries import ConfigMap, Place
from reconcilers.penin.ledger.volume import Volume

MANAGER: Final = "pentad-ledger-writer"
SYNC_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 60.0
"""When to look again though nothing seems to have changed."""
AGAIN_SECONDS: Final = 2.0


class Log(Protocol):
    """Where it tells what it does."""

    def info(self, event: str, /, **fields: object) -> None:
        """Tell something usual."""

    def warning(self, event: str, /, **fields: object) -> None:
        """Tell something odd."""

    def error(self, event: str, /, **fields: object) -> None:
        """Tell something wrong."""


@attrs.frozen(kw_only=True)
class Found:
    """The entries that can be added now, and what keeps the next one from being so."""

    ready: Sequence[bytes] = ()
    problem: str = ""


def next_entries(head: Head, objects: Sequence[ConfigMap]) -> Found:
    """Return the entries that follow a head, as far as there is no gap and no fault."""
    later = {number: each for each in objects if (number := _number(each)) > head.sequence}
    ready: list[bytes] = []
    sequence, previous = head.sequence, head.hash
    for number in sorted(later):
        if number != sequence + 1:
            return Found(ready=ready, problem=f"entry {sequence + 1}: there is no such object")
        raw = entries.content(later[number])
        for problem in faults(number, raw, previous):
            return Found(ready=ready, problem=str(problem))
        ready.append(raw)
        sequence, previous = number, hash_of(raw)
    return Found(ready=ready)


def _number(found: ConfigMap) -> int:
    return entries.number(entries.name_of(found))


class Writer:
    """Keeps the volume of one ledger up to date."""

    def __init__(
        self, client: Client, volume: Volume, place: Place, *, clock: Clock, log: Log
    ) -> None:
        self.volume = volume
        self.problem = ""
        self.appended = 0
        self._client = client
        self._place = place
        self._clock = clock
        self._log = log
        self._informers = Informers(client, namespaces=[place.namespace])
        selector = f"app={APP},cluster={place.cluster},{entries.LEDGER}"
        self._objects = self._informers.acquire(Source(kind=CONFIG_MAP, label_selector=selector))
        self._memo = Memo(ConfigMap, self._objects.memos)
        self._changed = asyncio.Event()
        self._is_stopping = False

    async def run(self) -> None:
        """Write until told to stop."""
        self._objects.add_handler(lambda _: self._changed.set(), name="ledger")
        async with self._informers:
            await self._wait_synced()
            if not self._is_stopping:
                await self._open()
            while not self._is_stopping:
                self._changed.clear()
                await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_SECONDS if self.problem else LOOK_SECONDS):
                        await self._changed.wait()

    def stop(self) -> None:
        """End after what is under way."""
        self._is_stopping = True
        self._changed.set()

    async def _wait_synced(self) -> None:
        while not self._is_stopping:
            try:
                async with asyncio.timeout(SYNC_SECONDS):
                    await self._objects.wait_synced()
            except TimeoutError:
                self._log.warning("ledger_waits_for_objects", place=self._place.key)
            else:
                return

    async def _open(self) -> None:
        """Open the file; by now it is known what was last reported of it."""
        reported = entries.head_of(self._reported())
        await asyncio.to_thread(self.volume.open, reported=reported)
        if self.volume.torn:
            self._log.warning("ledger_torn_line_cut", bytes=self.volume.torn)
        if reported is not None and reported.sequence > self.volume.sequence:
            self._log.error(
                "ledger_volume_behind_report",
                on_volume=self.volume.sequence,
                reported=reported.sequence,
            )
        self._log.info("ledger_opened", sequence=self.volume.sequence, hash=self.volume.hash)

    async def _look(self) -> None:
        """Add what can be added, then report."""
        self.problem = self.volume.problem
        try:
            if not self.problem:
                await self._append()
            await self._report()
        except (OSError, InformersError) as error:
            self.problem = str(error)
        if self.problem:
            self._log.error("ledger_not_written", problem=self.problem)

    async def _append(self) -> None:
        objects = [
            self._memo.typed(each)
            for each in self._objects.store
            if self._place.sequence(each.meta.name)
        ]
        found = next_entries(self.volume.head, objects)
        self.problem = found.problem
        if found.ready:
            await asyncio.to_thread(self.volume.append, found.ready)
            self.appended += len(found.ready)
            self._log.info("ledger_appended", entries=len(found.ready), head=self.volume.sequence)

    async def _report(self) -> None:
        """Say what is on the disk, if that is not what was said before."""
        wanted = {
            "sequence": str(self.volume.sequence),
            entries.HASH: self.volume.hash,
            "problem": self.problem,
        }
        held = self._reported()
        said = {} if held is None else held.data
        if all(said.get(name) == value for name, value in wanted.items()):
            return
        data = wanted | {"time": str(MicroTime.of(self._clock.wall()))}
        try:
            await self._client.patch(
                CONFIG_MAP,
                self._place.head,
                {"data": data},
                namespace=self._place.namespace,
                manager=MANAGER,
            )
        except NotFound:
            self._log.warning("ledger_head_missing", name=self._place.head)

    def _reported(self) -> ConfigMap | None:
        found = self._objects.store.get(f"{self._place.namespace}/{self._place.head}")
        return None if found is None else self._memo.typed(found)
