"""The manager program with a kind whose CRD no test installs by the way."""

import sys
from typing import ClassVar

from msgspec import Struct

from controller.cmd.manager import main
from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.reconcile import Request, Result, done
from controller.runtime.registration import ControllerSpec, Family
from controller.runtime.runtime import Runtime
from informers.meta.crd import Definition
from informers.meta.kinds import Kind
from informers.meta.object import Resource


class GhostSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is wanted."""

    loud: bool = False
    """Whether it is heard."""


class Ghost(Resource, frozen=True, kw_only=True, rename="camel"):
    """A thing that is not there."""

    definition: ClassVar[Definition] = Definition(
        kind=Kind("ghost.pentad.dev", "v1", "Ghost", "ghosts"), status=False
    )
    spec: GhostSpec
    """What is wanted."""


class GhostReconciler:
    """Does nothing about ghosts."""

    async def reconcile(self, request: Request) -> Result:
        """Look away."""
        del request
        return done()


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    return Builder(runtime, "ghost").for_(Ghost).complete(GhostReconciler())


FAMILY = Family(
    name="ghost", kinds=(Ghost,), controllers=(ControllerSpec(name="ghost", set_up=set_up),)
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], families=(FAMILY,)))
