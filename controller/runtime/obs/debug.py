"""`/debug`: what the program is doing, for whoever has to find out why.

    /debug/tasks          every task and where it waits
    /debug/loop           loop lag, what it does now, stacks of what blocked it
    /debug/memory         memory, collections, caches; PUT ?tracemalloc=start|stop, GET ?top
    /debug/caches         every cache: objects, versions, staleness, what its server cannot do
    /debug/controllers    outcomes and queues
    /debug/why            ?controller=NAME&key=NAMESPACE/NAME: why reconciled, what came of it
    /debug/loglevel       GET; PUT ?level=debug|info|warning|error

Connections from this machine are let in (so `kubectl port-forward` is), if they also say that they
want this machine: a page in somebody's browser cannot. All others have to pass the gatekeeper.
"""

import ipaddress
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from controller.runtime.controller import Controller
from controller.runtime.obs import pages
from controller.runtime.obs.answer import Answer, Ask, say, show
from controller.runtime.obs.auth import Gatekeeper
from controller.runtime.obs.bridge import Bridge, LoopBusy
from controller.runtime.obs.gcpauses import GcPauses
from controller.runtime.obs.log import LEVELS, Level
from controller.runtime.obs.looplag import LoopLag
from informers.clock import Clock
from informers.factory import Informers

TRACED_FRAMES: Final = 1


@attrs.frozen(kw_only=True)
class Debugged:
    """The parts of a program that the pages are about."""

    controllers: Sequence[Controller]
    informers: Informers
    clock: Clock
    lag: LoopLag
    pauses: GcPauses
    level: Level | None


class Debugging:
    """Answers `/debug`."""

    def __init__(
        self, bridge: Bridge, gatekeeper: Gatekeeper, subject: Callable[[], Debugged]
    ) -> None:
        self._bridge = bridge
        self._gatekeeper = gatekeeper
        self._subject = subject

    def answer(self, ask: Ask) -> Answer:
        """The page that is asked for."""
        if not _is_local(ask) and (refusal := self._gatekeeper.refusal(ask)) is not None:
            return refusal
        page = {
            "/debug": self._index,
            "/debug/tasks": self._tasks,
            "/debug/loop": self._loop,
            "/debug/memory": self._memory,
            "/debug/caches": self._caches,
            "/debug/controllers": self._controllers,
            "/debug/why": self._why,
            "/debug/loglevel": self._loglevel,
        }.get(ask.path)
        if page is None:
            return say("not found: /debug lists the pages", code=404)
        try:
            return page(ask)
        except LoopBusy as error:
            return say(f"{error}; /debug/loop shows what it is stuck in", code=503)

    def _index(self, _ask: Ask) -> Answer:
        return say((__doc__ or "").split("\n\n")[1])

    def _tasks(self, _ask: Ask) -> Answer:
        return show(self._bridge.call(pages.tasks))

    def _loop(self, _ask: Ask) -> Answer:
        return show(pages.loop(self._subject().lag))

    def _memory(self, ask: Ask) -> Answer:
        subject = self._subject()
        match ask.method, ask.query.get("tracemalloc"):
            case "PUT", "start":
                tracemalloc.start(TRACED_FRAMES)
            case "PUT", "stop":
                tracemalloc.stop()
            case "PUT", _:
                return say("say ?tracemalloc=start or ?tracemalloc=stop", code=400)
        page = self._bridge.call(lambda: pages.memory(subject.informers, subject.pauses))
        if "top" in ask.query:
            page["allocations"] = pages.allocations()
        return show(page)

    def _caches(self, _ask: Ask) -> Answer:
        subject = self._subject()
        return show(self._bridge.call(lambda: pages.caches(subject.informers)))

    def _controllers(self, _ask: Ask) -> Answer:
        subject = self._subject()
        return show(self._bridge.call(lambda: pages.controllers(subject.controllers)))

    def _why(self, ask: Ask) -> Answer:
        subject = self._subject()
        found = {controller.name: controller for controller in subject.controllers}
        name, key = ask.query.get("controller", ""), ask.query.get("key", "")
        if not name and len(found) == 1:
            name = next(iter(found))
        if name not in found or not key:
            known = ", ".join(sorted(found)) or "none"
            return say(f"say ?controller=NAME&key=NAMESPACE/NAME; controllers: {known}", code=400)
        read = subject.clock.monotonic
        return show(self._bridge.call(lambda: pages.why(found[name], key, now=read())))

    def _loglevel(self, ask: Ask) -> Answer:
        level = self._subject().level
        if level is None:
            return say("this program's log has no level to change", code=404)
        if ask.method == "PUT":
            wanted = ask.query.get("level", "")
            if wanted not in LEVELS:
                return say(f"say ?level= one of {', '.join(LEVELS)}", code=400)
            level.set(wanted)
        return show({"level": level.name})


def _is_local(ask: Ask) -> bool:
    """Whether this comes from this machine, and means it (a browser names where it was led)."""
    host = ask.headers.get("host", "").rpartition(":")[0] or ask.headers.get("host", "")
    return _is_loopback(ask.peer) and (host == "localhost" or _is_loopback(host.strip("[]")))


def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
