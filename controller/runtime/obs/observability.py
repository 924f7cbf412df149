"""What a manager shows of itself: probes, metrics, debug pages, and the watchdogs behind them.

One `Observability` is one of the manager's servers; `attach` tells it whom to observe.

    observability = Observability(settings, runtime, reviews=client, log=log)
    manager = Manager(runtime, controllers, log=log, elector=elector, servers=[observability])
    observability.attach(manager, elector)
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from controller.runtime.deadline import Deadline
from controller.runtime.election.elector import Elector
from controller.runtime.events.recorder import Recorder
from controller.runtime.manager import LifecycleLog, Manager, Progress
from controller.runtime.obs.answer import Answer, Answering, Ask
from controller.runtime.obs.auth import Gatekeeper
from controller.runtime.obs.bridge import Bridge
from controller.runtime.obs.certificates import CertificateFiles
from controller.runtime.obs.debug import Debugged, Debugging
from controller.runtime.obs.declared import Told
from controller.runtime.obs.gcpauses import GcPauses
from controller.runtime.obs.listener import Listener
from controller.runtime.obs.log import Level
from controller.runtime.obs.looplag import LoopLag
from controller.runtime.obs.probes import LIVE_SECONDS, Check, Probes
from controller.runtime.obs.scrape import Collectors, Scraping
from controller.runtime.runtime import Runtime
from informers.client import Client

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

STOP_SECONDS: Final = 10.0


class Settings(Protocol):
    """The settings of the program that matter here; an empty address turns a server off."""

    @property
    def probe_address(self) -> str: ...  # noqa: D102 - see controller.config
    @property
    def metrics_address(self) -> str: ...  # noqa: D102 - as above
    @property
    def metrics_auth(self) -> bool: ...  # noqa: D102 - as above
    @property
    def metrics_cert(self) -> str: ...  # noqa: D102 - as above
    @property
    def metrics_key(self) -> str: ...  # noqa: D102 - as above
    @property
    def debug_address(self) -> str: ...  # noqa: D102 - as above


class _Part(Protocol):
    """One of the things that start and stop with it."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@attrs.frozen(kw_only=True)
class _Subject:
    manager: Manager
    elector: Elector | None
    recorders: Sequence[Recorder]


class Observability:
    """Serves what there is to see while the manager lives.

    Args:
        settings: Which servers, and where.
        runtime: What is observed.
        reviews: A client without the fence, to ask who asks; closed with this.
        log: Where blocked loops are told.
        level: The log's level, if it can be changed.
    """

    def __init__(
        self,
        settings: Settings,
        runtime: Runtime,
        *,
        reviews: Client,
        log: LifecycleLog,
        level: Level | None = None,
    ) -> None:
        self.probes = Probes()
        self.lag = LoopLag(log=log)
        self.pauses = GcPauses()
        self.bridge = Bridge()
        self.gatekeeper = Gatekeeper(reviews, self.bridge)
        self.extra: list[Callable[[], Collector]] = []
        """More figures to tell; called at the first scrape."""
        self._runtime = runtime
        self._level = level
        self._log = log
        self._subject: _Subject | None = None
        self._started: list[_Part] = []
        self.listeners = self._listeners(settings)
        self.probes.live["loop"] = self.probes.ready["loop"] = liveness(self.lag)

    def attach(
        self, manager: Manager, elector: Elector | None = None, recorders: Sequence[Recorder] = ()
    ) -> None:
        """Observe this manager; before it runs."""
        self._subject = _Subject(manager=manager, elector=elector, recorders=recorders)
        self.probes.ready |= readiness(manager.progress)

    def tell(self, read: Callable[[], Told]) -> None:
        """Tell a family's figures too, read on the loop at each scrape."""

        def make() -> "Collector":
            from controller.runtime.obs.figures import (  # noqa: PLC0415 - at the first scrape
                FamilyCollector,
            )

            return FamilyCollector(read)

        self.extra.append(make)

    async def start(self) -> None:
        """Begin to watch and to serve; what fails ends what had begun."""
        try:
            parts: list[_Part] = [self.bridge, self.lag, self.pauses, *self.listeners.values()]
            for part in parts:
                await part.start()
                self._started.append(part)
        except BaseException:
            await self.stop()
            raise
        ports = {name: listener.port for name, listener in self.listeners.items()}
        self._log.info("serving", **ports)

    async def stop(self, *, limit: float = STOP_SECONDS) -> None:
        """Serve no more; who is still being answered is not waited for any longer than that."""
        deadline = Deadline(self._runtime.clock, limit)
        while self._started:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(deadline.left()):
                    await self._started.pop().stop()
        await self.gatekeeper.stop()

    def _listeners(self, settings: Settings) -> dict[str, Listener]:
        scraping: Answering = Scraping(self.bridge, self._collectors).answer
        if settings.metrics_auth:
            scraping = _guarded(self.gatekeeper, scraping)
        tls = None
        if settings.metrics_cert:
            tls = CertificateFiles(settings.metrics_cert, settings.metrics_key)
        debugging = Debugging(self.bridge, self.gatekeeper, self._debugged)
        found = (
            Listener("probe", settings.probe_address, self.probes.answer),
            Listener("metrics", settings.metrics_address, scraping, tls=tls),
            Listener("debug", settings.debug_address, debugging.answer),
        )
        return {listener.name: listener for listener in found if listener.address}

    def _attached(self) -> _Subject:
        assert self._subject is not None, "attach() comes before the manager runs"
        return self._subject

    def _collectors(self) -> Collectors:
        from controller.runtime.obs.collectors import (  # noqa: PLC0415 - at the first scrape
            Observed,
            collectors,
        )

        subject = self._attached()
        found = collectors(
            Observed(
                controllers=subject.manager.controllers,
                apply_sets=self._runtime.apply_sets,
                informers=self._runtime.informers,
                clients=(self._runtime.client, self.gatekeeper.client),
                recorders=subject.recorders,
                elector=subject.elector,
                gatekeeper=self.gatekeeper,
                lag=self.lag,
                pauses=self.pauses,
            )
        )
        more = [make() for make in self.extra]
        return attrs.evolve(found, on_loop=(*found.on_loop, *more))

    def _debugged(self) -> Debugged:
        return Debugged(
            controllers=self._attached().manager.controllers,
            informers=self._runtime.informers,
            clock=self._runtime.clock,
            lag=self.lag,
            pauses=self.pauses,
            level=self._level,
        )


def liveness(lag: LoopLag) -> Check:
    """Whether the event loop still gets round."""

    def check() -> str:
        late = lag.lateness
        return f"the event loop has been blocked for {late:.0f} s" if late > LIVE_SECONDS else ""

    return check


def readiness(progress: Progress) -> dict[str, Check]:
    """The checks of a manager's own life."""
    return {
        "caches": lambda: "" if progress.synced else "the caches are not complete yet",
        "stopping": lambda: "the program is ending" if progress.stopping else "",
    }


def _guarded(gatekeeper: Gatekeeper, answering: Answering) -> Answering:
    """Answer only whom the gatekeeper lets in."""

    def answer(ask: Ask) -> Answer:
        return gatekeeper.refusal(ask) or answering(ask)

    return answer
