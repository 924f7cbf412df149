"""Tells users what was done, by Events on their objects.

`Recorder.tell` never waits and never fails: notices go into a bounded queue, and a full queue or a
server that refuses costs notices, which are counted, and nothing else. Events are core/v1 and carry
both the new fields (eventTime, series, reportingController) and the old ones (count,
lastTimestamp), so that `kubectl get events --sort-by=.lastTimestamp` shows them in order.
"""

import asyncio
import contextlib
import datetime as dt
from typing import Any, Final, Literal

import attrs

from controller.runtime.events.correlator import About, Correlator, Notice, Write
from informers.client import Client
from informers.errors import AlreadyExists, InformersError, NotFound, StatusError
from informers.meta.builtin import EVENT
from informers.meta.kinds import Kind
from informers.meta.microtime import MicroTime, Time
from informers.snapshot import Snapshot

QUEUE: Final = 1000
TRIES: Final = 12
TRY_SECONDS: Final = 10.0
MESSAGE_MOST: Final = 1024
NAME_MOST: Final = 230
DEFAULT_NAMESPACE: Final = "default"


class Recorder:
    """Writes the Events of one program."""

    def __init__(self, client: Client, *, controller: str, instance: str) -> None:
        self._client = client
        self._clock = client.clock
        self._controller = controller
        self._instance = instance
        self._queue: asyncio.Queue[tuple[Notice, float, dt.datetime]] = asyncio.Queue(QUEUE)
        self._correlator = Correlator()
        self.written = 0
        self.dropped = 0

    @property
    def kept_back(self) -> int:
        """How many notices were only counted, to spare the server."""
        return self._correlator.kept_back

    @property
    def depth(self) -> int:
        """How many notices wait to be written; at `QUEUE` the next ones are dropped."""
        return self._queue.qsize()

    @property
    def remembered(self) -> int:
        """How much is remembered of Events, to count up and combine those to come."""
        return len(self._correlator)

    def tell(
        self,
        kind: Kind,
        snapshot: Snapshot,
        reason: str,
        message: str,
        *,
        type_: Literal["Normal", "Warning"] = "Normal",
    ) -> None:
        """Tell the users of an object something; returns at once."""
        meta = snapshot.meta
        about = About(
            kind=kind,
            namespace=meta.namespace,
            name=meta.name,
            uid=meta.uid,
            resource_version=meta.resource_version,
        )
        notice = Notice(about=about, type=type_, reason=reason, message=message[:MESSAGE_MOST])
        try:
            self._queue.put_nowait((notice, self._clock.monotonic(), self._clock.wall()))
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Write what was told, until cancelled."""
        while True:
            await self._next()

    async def flush(self) -> None:
        """Write what is left, and wait for what is being written; bound it with a timeout."""
        while not self._queue.empty():
            await self._next()
        await self._queue.join()

    async def _next(self) -> None:
        notice, now, wall = await self._queue.get()
        try:
            write = self._correlator.decide(notice, now=now)
            if write is not None:
                await self._write(write, wall)
        finally:
            self._queue.task_done()

    async def _write(self, write: Write, wall: dt.datetime) -> None:
        """Write once, and again as long as that can help."""
        for attempt in range(TRIES):
            try:
                await self._send(write, wall)
            except NotFound:
                if not write.event:
                    break  # the namespace is gone, and its Events with it
                self._correlator.lost(write)
                write = _as_new(write)
            except StatusError:
                break  # refused: asking again will not change that
            except InformersError:
                if attempt + 1 < TRIES:
                    await self._clock.sleep(TRY_SECONDS)
            else:
                self.written += 1
                return
        self.dropped += 1

    async def _send(self, write: Write, wall: dt.datetime) -> None:
        namespace = write.notice.about.namespace or DEFAULT_NAMESPACE
        if write.event:
            await self._client.patch(EVENT, write.event, _count(write, wall), namespace=namespace)
            return
        body = self._event(write, wall, namespace)
        # One that exists is ours, of an earlier try whose answer was lost: its name is the moment.
        with contextlib.suppress(AlreadyExists):
            await self._client.create(EVENT, body, namespace=namespace)
        self._correlator.written(write, body["metadata"]["name"])

    def _event(self, write: Write, wall: dt.datetime, namespace: str) -> dict[str, Any]:
        """A new Event; its name is unique by the moment, as kubectl describe expects."""
        about, notice = write.notice.about, write.notice
        moment = MicroTime.of(wall)
        since = wall - dt.timedelta(seconds=write.last - write.first)
        name = f"{about.name[:NAME_MOST]}.{moment.nanoseconds:x}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": about.kind.api_version,
                "kind": about.kind.kind,
                "namespace": about.namespace,
                "name": about.name,
                "uid": about.uid,
                "resourceVersion": about.resource_version,
            },
            "type": notice.type,
            "reason": notice.reason,
            "message": notice.message,
            "action": notice.reason,
            "source": {"component": self._controller},
            "reportingComponent": self._controller,
            "reportingInstance": self._instance[:128],
            "eventTime": str(moment),
            "firstTimestamp": str(Time.of(since)),
            **_count(write, wall),
        }


def _count(write: Write, wall: dt.datetime) -> dict[str, Any]:
    """How often it happened so far, in the old fields and in the new."""
    counted: dict[str, Any] = {
        "count": write.count,
        "lastTimestamp": str(Time.of(wall)),
        "message": write.notice.message,
    }
    if write.count > 1:
        counted["series"] = {
            "count": write.count,
            "lastObservedTime": str(MicroTime.of(wall)),
        }
    return counted


def _as_new(write: Write) -> Write:
    return attrs.evolve(write, event="")
