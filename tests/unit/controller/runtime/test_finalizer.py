"""Finalizers: what is sent, and when nothing is."""

import pytest

from controller.runtime.finalizer import ensure_finalizer, remove_finalizer
from informers.errors import Conflict, Forbidden
from tests.kit.answers import status
from tests.kit.widget.api import WIDGET
from tests.unit.controller.runtime.world import World, picture, thing

pytestmark = pytest.mark.virtual

OURS, THEIRS = "pentad.dev/clean-up", "example.com/other"
GOING = {"deletionTimestamp": "2030-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("act", "meta", "wanted"),
    [
        (ensure_finalizer, {}, [OURS]),
        (ensure_finalizer, {"finalizers": [THEIRS]}, [THEIRS, OURS]),
        (ensure_finalizer, {"finalizers": [OURS]}, None),
        (ensure_finalizer, GOING | {"finalizers": [THEIRS]}, None),
        (remove_finalizer, {"finalizers": [OURS]}, []),
        (remove_finalizer, GOING | {"finalizers": [THEIRS, OURS]}, [THEIRS]),
        (remove_finalizer, {"finalizers": [THEIRS]}, None),
        (remove_finalizer, {}, None),
    ],
    ids=[
        "the first",
        "behind others",
        "there already",
        "too late",
        "the last",
        "others stay",
        "not there",
        "none at all",
    ],
)
async def test_a_finalizer_is_put_and_taken_by_one_request(act, meta, wanted):
    """The whole list goes, with the version it was made from; what is so costs nothing."""
    world = World()
    world.wire.answer = lambda _: (200, thing(version=2))
    snapshot = picture(meta=meta)

    found = await act(world.client, WIDGET, snapshot, OURS)

    expected = {"uid": "u-w", "resourceVersion": "1", "finalizers": wanted}
    assert ([] if wanted is None else [{"metadata": expected}]) == world.wire.sent()
    assert ("1" if wanted is None else "2") == found.resource_version


@pytest.mark.parametrize("act", [ensure_finalizer, remove_finalizer])
@pytest.mark.parametrize(("code", "error"), [(409, Conflict), (403, Forbidden)], ids=str)
async def test_a_refusal_is_the_reconcilers_to_handle(act, code, error):
    """A list that somebody changed meanwhile is not overwritten."""
    world = World()
    world.wire.answer = lambda _: (code, status(code))
    has = [OURS] if act is remove_finalizer else []

    with pytest.raises(error):
        await act(world.client, WIDGET, picture(meta={"finalizers": has}), OURS)


async def test_an_object_that_is_gone_needs_no_finalizer_taken():
    """Somebody else took it off first; the clean-up is done either way."""
    world = World()
    world.wire.answer = lambda _: (404, status(404))
    snapshot = picture(meta={"finalizers": [OURS]})

    assert snapshot is await remove_finalizer(world.client, WIDGET, snapshot, OURS)
