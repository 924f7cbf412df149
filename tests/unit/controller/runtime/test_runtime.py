"""What a manager lends: the same to who asks for the same, and nothing that nobody asked for."""

import pytest
from msgspec import Struct

from controller.runtime.runtime import cached, kind_of, manager_name
from informers.drift import our_claims
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.world import World

pytestmark = pytest.mark.virtual


async def test_nothing_is_cached_that_nobody_asked_for():
    """A lister caches its kind, an apply set its children's kinds, a writer nothing."""
    runtime = World().runtime
    runtime.status_writer("t", Widget)
    assert [] == list(runtime.informers)

    runtime.lister(Widget)
    runtime.apply_set("t", [CONFIG_MAP])

    assert [WIDGET, CONFIG_MAP] == [informer.source.kind for informer in runtime.informers]
    assert all(our_claims is informer.source.claims for informer in runtime.informers)


async def test_who_asks_for_the_same_gets_the_same():
    """One lister and one cache per kind; another source is another cache."""
    runtime = World().runtime
    first = runtime.lister(Widget)

    assert first is runtime.lister(Widget)
    assert first is runtime.lister(Widget, cached(WIDGET))
    other = runtime.lister(Widget, Source(kind=WIDGET, label_selector="a=b"))
    assert other.informer is not first.informer


async def test_writes_go_under_the_controllers_own_name():
    """So that managedFields say who owns what, and drift of ours is told from others' changes."""
    runtime = World().runtime

    assert "pentad-t" == manager_name("t") == runtime.apply_set("t", []).manager
    assert ["pentad-t"] == [found.manager for found in runtime.apply_sets]


def test_a_type_without_a_kind_is_told_with_the_remedy():
    """It is a mistake in the program, found when it starts."""

    class Bare(Struct):
        """No resource."""

    assert WIDGET == kind_of(Widget)
    with pytest.raises(TypeError, match="Bare declares no kind: give it `definition"):
        kind_of(Bare)
