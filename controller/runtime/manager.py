"""The life of the program: what starts in which order, and how it all ends.

Start: servers (probes, metrics, webhooks) → caches and sources of every controller (a standby's
caches are warm) → election → workers. Each step waits for the one before, so nothing reconciles
from half a cache and nothing writes without the lease.

Stop: workers drain → workers and sources end → election releases (only now, since the next leader
starts at once) → informers → servers. All of it has one `Deadline`, `stop_seconds` after it begins,
and each step a moment by which it is over. A lost lease and a bug skip the drain: writing is over,
the fence sees to that, and waiting would only delay the next leader. A reconcile or a source that
takes no notice of its cancellation is left behind when its time is over; then the lease is left to
run out, since it may still act, and the loop cannot end: see `controller.ending`.

`run` returns an exit code. It raises `ConfigError`, once all is stopped, where only a person can
help: a port is taken, or the caches are not complete in time. What else it raises is a bug.
"""

import asyncio
import functools
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Final, Protocol

import attrs

from controller.runtime.controller import CachesIncomplete, Controller, Log
from controller.runtime.deadline import Deadline
from controller.runtime.election.elector import Elector
from controller.runtime.election.fence import CandidacyEnded
from controller.runtime.memory import give_back_regularly, settle, unsettle
from controller.runtime.obstacles import obstacles
from controller.runtime.runtime import Runtime
from informers.errors import ConfigError

EXIT_CLEAN: Final = 0
EXIT_FAILED: Final = 1
EXIT_CONFIG: Final = 2
EXIT_LEASE_LOST: Final = 3
FLUSH_SECONDS: Final = 2.0
FIRST_WORD_SECONDS: Final = 2.0
WORD_SECONDS: Final = 10.0
"""How soon, and how often, it is said what the caches wait for."""
DRAINED: Final = 0.7
"""The share of the time to stop after which nothing more is drained."""
ENDED: Final = 0.8
"""After which workers and sources that have not ended are left behind. Then sources are stopped, in
half the time that these had to end in."""
RELEASED: Final = 0.9
"""After which neither Events nor the lease are waited for."""
CLOSED: Final = 0.97
"""After which the servers are closed."""
GONE: Final = 0.99
"""After which the loop is not waited for, either; what is left is for the interpreter to end in."""


def stop_signals() -> tuple[signal.Signals, ...]:
    """What ends a manager in good order: also a terminal that closes, unless under nohup."""
    hang_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    return (signal.SIGTERM, signal.SIGINT, *hang_up)


class Server(Protocol):
    """Something that serves while the manager lives: probes, metrics, webhooks."""

    async def start(self) -> None:
        """Serve from now on, or raise what prevents it."""
        ...

    async def stop(self, *, limit: float) -> None:
        """Serve no more, and be done with it within so many seconds."""
        ...


class LifecycleLog(Log, Protocol):
    """The log of the manager itself."""

    def info(self, event: str, /, **fields: object) -> object:
        """Tell what an operator wants to know."""
        ...


@attrs.define
class Progress:
    """How far the start has come; the readiness probe reads it."""

    synced: bool = False
    leading: bool = False
    stopping: bool = False


class Manager:
    """Runs controllers until told to stop."""

    def __init__(
        self,
        runtime: Runtime,
        controllers: Sequence[Controller],
        *,
        log: LifecycleLog,
        elector: Elector | None = None,
        servers: Sequence[Server] = (),
        background: Sequence[Callable[[], Coroutine[None, None, None]]] = (),
        stop_seconds: float = 30.0,
        sync_seconds: float = 120.0,
    ) -> None:
        self.runtime = runtime
        self.controllers = tuple(controllers)
        self.progress = Progress()
        self._log = log
        self._elector = elector
        self._servers = tuple(servers)
        self._background: Sequence[Callable[[], Coroutine[None, None, None]]] = (
            runtime.recorder.run,
            functools.partial(give_back_regularly, runtime.clock),
            *background,
        )
        self._stop_seconds = stop_seconds
        self._sync_seconds = sync_seconds
        self._failure: ConfigError | None = None
        self._stop = asyncio.Event()
        self._deadline: Deadline | None = None
        self._code = EXIT_CLEAN

    @property
    def left_behind(self) -> int:
        """Reconciles and sources that would not end; they may still act."""
        return sum(controller.left_behind for controller in self.controllers)

    def stop(self, code: int = EXIT_CLEAN) -> None:
        """Begin to end; the first caller's exit code counts, and its moment."""
        if self._deadline is None:
            self._deadline = Deadline(self.runtime.clock, self._stop_seconds)
            self._code = code
            self._stop.set()

    def _left(self, share: float) -> float:
        """Seconds until a step of the stop has to be over."""
        assert self._deadline is not None, "it has begun"
        return self._deadline.left(share)

    def install_signals(self) -> None:
        """End on `stop_signals`; a second SIGTERM or SIGINT ends the process at once.

        A second SIGHUP does not: shells pass on the one that they and the kernel both send.
        """
        loop = asyncio.get_running_loop()
        for number in stop_signals():
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: signal.Signals) -> None:
        if number != signal.SIGHUP:
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)  # Python's own for SIGINT would be heard too late
        self.stop()
        self._log.info("stopping", signal=signal.Signals(number).name)

    async def run(self) -> int:
        """Start everything, wait for the end, stop everything.

        Raises:
            ConfigError: If it cannot start, with the remedy.
        """
        started: list[Server] = []
        settle()
        try:
            for server in self._servers:
                await server.start()
                started.append(server)
            async with self.runtime.informers, asyncio.TaskGroup() as group:
                await self._live(group)
        finally:
            self.stop(EXIT_FAILED)  # unless it was told to
            unsettle()
            while started:
                limit = self._left(CLOSED) / len(started)  # what one does not need, the others have
                await started.pop().stop(limit=limit)
            await self.runtime.client.close()
        if self._failure is not None:
            raise self._failure
        return self._code

    async def _live(self, group: asyncio.TaskGroup) -> None:
        """From the first cache to the last worker."""
        stopper = group.create_task(self._stop.wait(), name="stop")
        election: asyncio.Task[None] | None = None
        background = [group.create_task(run(), name="background") for run in self._background]
        try:
            await self._unless_stopped(self._warm_up(group), group)
            if self._stop.is_set():
                return
            if self._elector is None:
                self._lead(group)
            else:
                election = group.create_task(self._campaign(self._elector, group), name="election")
            await self._stop.wait()
        finally:
            self.stop(EXIT_FAILED)  # unless it was told to
            stopper.cancel()
            await self._wind_down(election)
            for task in background:
                task.cancel()

    async def _warm_up(self, group: asyncio.TaskGroup) -> None:
        """Complete the caches of all controllers, or stop with what prevents it."""
        async with asyncio.TaskGroup() as waiting:
            telling = waiting.create_task(self._tell_obstacles(), name="tell obstacles")
            async with asyncio.TaskGroup() as warming:
                for controller in self.controllers:
                    name = f"warm up {controller.name}"
                    warming.create_task(self._warm_up_one(controller, group), name=name)
            telling.cancel()
        if self._failure is not None:
            return
        settle()
        self.progress.synced = True
        self._log.info("caches_synced", controllers=len(self.controllers))

    async def _warm_up_one(self, controller: Controller, group: asyncio.TaskGroup) -> None:
        try:
            await controller.warm_up(group, limit=self._sync_seconds)
        except CachesIncomplete as error:
            self._failure = ConfigError(str(error), remedy="; ".join(self._obstacles()))
            self.stop(EXIT_CONFIG)

    async def _tell_obstacles(self) -> None:
        """Say what the caches wait for, and go on saying it."""
        await self.runtime.clock.sleep(FIRST_WORD_SECONDS)
        while True:
            for obstacle in self._obstacles():
                self._log.warning("waiting_for_cache", obstacle=obstacle)
            await self.runtime.clock.sleep(WORD_SECONDS)

    def _obstacles(self) -> list[str]:
        return obstacles(i for controller in self.controllers for i in controller.informers)

    async def _unless_stopped(
        self, work: "asyncio._CoroutineLike[None]", group: asyncio.TaskGroup
    ) -> None:
        """Do it unless the end comes first."""
        task = group.create_task(work, name="start")
        stopped = group.create_task(self._stop.wait(), name="stop during start")
        await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        task.cancel()
        await asyncio.wait([task])

    def _lead(self, group: asyncio.TaskGroup) -> None:
        self.progress.leading = True
        for controller in self.controllers:
            controller.start(group)
        self._log.info("workers_started", controllers=[c.name for c in self.controllers])

    async def _campaign(self, elector: Elector, group: asyncio.TaskGroup) -> None:
        """Wait to lead, lead, and end the program when the lease is lost."""
        async with elector:
            try:
                await elector.wait_leading()
            except CandidacyEnded:
                return
            if not self._stop.is_set():  # won too late: it is given back like any other
                self._lead(group)
            ended = await elector.wait_lost()
            if not self._stop.is_set():
                self._log.error("lease_lost", reason=ended.reason)
                self.stop(EXIT_LEASE_LOST)

    async def _wind_down(self, election: asyncio.Task[None] | None) -> None:
        """End the workers, then the lease, then the rest, within the time there is."""
        self.progress.stopping = True
        async with asyncio.TaskGroup() as stopping:
            for controller in self.controllers:
                stopping.create_task(self._stop_controller(controller))
        if self._code != EXIT_LEASE_LOST:
            await self._flush_events()
        if self._elector is not None and election is not None:
            await self._leave(self._elector, election)
        self._log.info("stopped", code=self._code)

    async def _leave(self, elector: Elector, election: asyncio.Task[None]) -> None:
        """End the candidacy; unless something of ours may still act, another can lead at once."""
        if not (election.done() or self._code == EXIT_LEASE_LOST or self.left_behind):
            await elector.release(timeout=self._left(RELEASED) / 2)
        if not election.done():
            election.cancel()
            await asyncio.wait([election], timeout=self._left(RELEASED))
            election.cancel()  # a thread that hangs in a system call is not waited for

    async def _flush_events(self) -> None:
        """Write the last Events while that is still allowed, and leave time for the lease."""
        try:
            async with asyncio.timeout(min(FLUSH_SECONDS, self._left(RELEASED) / 2)):
                await self.runtime.recorder.flush()
        except TimeoutError:
            self._log.warning("events_not_written")

    async def _stop_controller(self, controller: Controller) -> None:
        may_drain = self._code not in {EXIT_LEASE_LOST, EXIT_FAILED}
        left = await controller.stop(
            limit=self._left(DRAINED) if may_drain else 0.0,
            clean_up=self._stop_seconds * (ENDED - DRAINED),
        )
        if not left.is_drained:
            self._log.warning(
                "queue_not_drained",
                controller=controller.name,
                ready=len(left.ready),
                processing=len(left.processing),
            )
