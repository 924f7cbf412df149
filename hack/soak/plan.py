"""What goes wrong when: faults at random moments, by a seed."""

import random
from collections.abc import Awaitable, Callable
from typing import Final

from informers.clock import Clock
from tests.kit.answers import error_event, gone, refusal, throttled
from tests.kit.faults import ANY, READS, WATCHES, WRITES, Cut, Fault, Match, Stall
from tests.kit.proxy import FaultProxy

QUIET_SECONDS: Final = (0.5, 3.0)
LASTS_SECONDS: Final = (0.3, 2.5)


class Plan:
    """Disturbs a proxy until told to end."""

    def __init__(self, proxy: FaultProxy, rng: random.Random, clock: Clock) -> None:
        self._proxy = proxy
        self._rng = rng
        self._clock = clock
        self._faults: dict[str, Callable[[], Awaitable[None]]] = {
            "cut": self._cut,
            "refuse": self._refuse,
            "lag": self._lag,
            "answer": self._answer,
            "stall": self._stall,
            "lose_replies": self._lose_replies,
        }
        self.counts = dict.fromkeys(self._faults, 0)

    async def run(self) -> None:
        """One fault after the other, some quiet in between."""
        while True:
            name, fault = self._rng.choice(list(self._faults.items()))
            await fault()
            self.counts[name] += 1
            await self._clock.sleep(self._rng.uniform(*QUIET_SECONDS))

    def end(self) -> None:
        """Everything gets through from now on."""
        self._proxy.clear()
        self._proxy.accept()

    async def _lasting(self) -> None:
        await self._clock.sleep(self._rng.uniform(*LASTS_SECONDS))

    async def _cut(self) -> None:
        self._proxy.cut_all(how=self._rng.choice(["rst", "fin"]))

    async def _refuse(self) -> None:
        self._proxy.refuse()
        self._proxy.cut_all()
        await self._lasting()
        self._proxy.accept()

    async def _lag(self) -> None:
        with self._proxy.hold(WATCHES):
            await self._lasting()

    async def _answer(self) -> None:
        refused = [gone(), throttled(), refusal(500), refusal(503)]
        places: list[tuple[Fault, Match]] = [
            (answer, where) for answer in refused for where in (WATCHES, READS, ANY)
        ]
        # An event stands in a watch: in anything else it would be an answer that no server gives.
        events: list[tuple[Fault, Match]] = [(error_event(code), WATCHES) for code in (410, 500)]
        answer, where = self._rng.choice(places + events * 3)
        with self._proxy.add(answer, where, times=3):
            self._proxy.cut(WATCHES)
            await self._lasting()

    async def _stall(self) -> None:
        with self._proxy.add(Stall(after_events=1), WATCHES, times=1):
            self._proxy.cut(WATCHES)
            await self._lasting()

    async def _lose_replies(self) -> None:
        with self._proxy.add(Cut(at="reply"), WRITES, times=3):
            await self._lasting()
