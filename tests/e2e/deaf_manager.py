"""The manager program with a reconciler that takes no notice of being told to end."""

import asyncio
import sys

from controller.cmd.manager import main
from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.reconcile import Request, Result
from controller.runtime.registration import ControllerSpec, Family
from controller.runtime.runtime import Runtime
from tests.kit.widget.api import Widget


class Deaf:
    """Begins again whatever happens."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def reconcile(self, request: Request) -> Result:
        """Never end."""
        self._runtime.log.warning("reconciling", key=request.key)
        while True:
            try:
                await asyncio.Event().wait()
            except BaseException:  # noqa: BLE001 - the mistake that is to be survived
                continue


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    return Builder(runtime, "deaf").for_(Widget).complete(Deaf(runtime))


FAMILY = Family(
    name="deaf", kinds=(Widget,), controllers=(ControllerSpec(name="deaf", set_up=set_up),)
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], families=(FAMILY,)))
