"""The manager program with all that keeps one from ending: what an object's name asks for.

`deaf` takes no notice of being told to end, `hung` waits for ever, and `bug` has a source fail,
which ends the program. The webhook of this family never answers, nor does it take any notice.
"""

import asyncio
import sys

from controller.cmd.manager import main
from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.crew import Tasks
from controller.runtime.reconcile import Request, Result, done
from controller.runtime.registration import ControllerSpec, Family, Webhook
from controller.runtime.runtime import Runtime
from controller.runtime.source import Log, Why
from controller.runtime.webhook.admission import Admission
from controller.runtime.workqueue.queue import WorkQueue
from tests.kit.widget.api import WIDGET, Widget


class Failing:
    """A source that fails when it is asked to."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()

    async def start(
        self, queue: WorkQueue[str], why: Why, tasks: Tasks, *, log: Log | None = None
    ) -> None:
        """Begin to wait for that."""
        del queue, why, log
        tasks.create_task(self._fail(), name="failing")

    async def _fail(self) -> None:
        await self.wanted.wait()
        raise KeyError("a bug")

    async def wait_synced(self) -> None:
        """There is nothing to wait for."""

    async def stop(self) -> None:
        """There is nothing to end."""


class Misbehaving:
    """Does what the object's name asks for."""

    def __init__(self, runtime: Runtime, failing: Failing) -> None:
        self._runtime = runtime
        self._failing = failing

    async def reconcile(self, request: Request) -> Result:
        """Misbehave."""
        self._runtime.log.warning("reconciling", key=request.key)
        match request.name:
            case "bug":
                self._failing.wanted.set()
            case "hung":
                await asyncio.Event().wait()
            case "deaf":
                await go_on()
        return done()


async def go_on() -> None:
    """Take no notice of anything."""
    while True:
        try:
            await asyncio.Event().wait()
        except BaseException:  # noqa: BLE001 - the mistake that is to be survived
            continue


async def hang(_: Admission[Widget]) -> None:
    """Give no verdict."""
    print("asked for a verdict", file=sys.stderr)
    await go_on()


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    failing = Failing()
    builder = Builder(runtime, "deaf").for_(Widget).and_source(failing)
    return builder.complete(Misbehaving(runtime, failing))


FAMILY = Family(
    name="deaf",
    kinds=(Widget,),
    controllers=(ControllerSpec(name="deaf", set_up=set_up),),
    webhooks=(
        Webhook(name="hang", kind=WIDGET, mode="validate", handler=hang, timeout_seconds=30),
    ),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], families=(FAMILY,)))
