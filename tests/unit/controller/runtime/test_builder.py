"""What a controller is made of, and mistakes told where they are made."""

import pytest

from controller.runtime.builder import Builder
from controller.runtime.controller import Options
from controller.runtime.runtime import Runtime
from controller.runtime.source import KindSource, timer
from controller.runtime.stalled import Stalled
from informers.callbacks import Callbacks
from informers.clock import LoopClock
from informers.meta.builtin import CONFIG_MAP, SECRET
from informers.store import Store
from tests.kit.widget.api import WIDGET, Widget


class NoClient:
    """Has a clock and nobody to talk to."""

    def __init__(self):
        self.clock = LoopClock()
        self.observers = []


class Informers:
    """Counts who wants which kind."""

    def __init__(self):
        self.kinds = []
        self.callbacks = Callbacks()

    def acquire(self, source, *, optional=False):
        """Lend an informer with nothing in it."""
        self.kinds.append((source.kind, optional))
        return self

    store = Store()


@pytest.fixture
def runtime():
    """Return a runtime without a server."""
    return Runtime(NoClient(), Informers(), log=None)


async def test_a_controller_is_what_was_said(runtime):
    """Sources in order, options by name, and a hook that tells what is stalled."""
    made = (
        Builder(runtime, "widget")
        .for_(Widget, optional=True)
        .owns(CONFIG_MAP)
        .watches(SECRET, lambda _: ("ns/w",))
        .and_source(timer("tick", LoopClock(), seconds=1))
        .with_options(workers=9)
        .complete(None)
    )

    kinds = [s.reflected.kind for s in made.sources if isinstance(s, KindSource)]
    assert [WIDGET, CONFIG_MAP, SECRET] == kinds
    assert (WIDGET, True) == runtime.informers.kinds[0]
    assert (9, Options().timeout) == (made.options.workers, made.options.timeout)
    assert isinstance(made._on_terminal, Stalled)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda builder: builder.owns(CONFIG_MAP), "say for_"),
        (lambda builder: builder.for_(Widget).for_(Widget), "for_.. names one kind"),
        (lambda builder: builder.complete(None), "nothing would ever call it"),
        (lambda builder: builder.with_options(workers=0), "workers"),
        (lambda builder: builder.with_options(timeout=0), "timeout"),
    ],
    ids=["owns before for", "for twice", "no source", "no workers", "no time"],
)
async def test_mistakes_are_told_at_once(runtime, mistake, message):
    """With the remedy where there is one."""
    with pytest.raises(ValueError, match=message):
        mistake(Builder(runtime, "widget"))
