"""Caches that keep of each object only what a function leaves of it."""

import msgspec
import pytest

from informers.meta.builtin import CONFIG_MAP
from tests.integration.informers.objects import WATCH, change, create, delete
from tests.kit.eventually import eventually
from tests.kit.mirror import mirrored

BLOB = "x" * 10_000


def slim(raw):
    """Leave the blob out; one that is odd shows a bug."""
    body = msgspec.json.decode(raw)
    data = body.get("data", {})
    if "odd" in data:
        raise KeyError("odd")
    data.pop("blob", None)
    return msgspec.json.encode(body)


@pytest.fixture(params=[True, False], ids=["streamed", "listed"])
async def mirror(proxied, namespace, rest, request):
    """Return the mirror of a cache that is slim, with an object and an odd one on the server."""
    create(rest, namespace, "a", blob=BLOB, colour="blue")
    create(rest, namespace, "odd", odd="yes")
    async with mirrored(
        proxied, CONFIG_MAP, namespace, streams=request.param, transform=slim
    ) as mirror:
        await mirror.wait_synced()
        yield mirror


def data(mirror, name):
    """Return an object's data as it is held, None if it is not."""
    held = mirror.informer.store.get(f"{mirror.namespace}/{name}")
    return None if held is None else msgspec.json.decode(held.raw)["data"]


async def test_objects_are_kept_without_what_is_cut(mirror, namespace, rest):
    """Those that were there, those that come and those that change."""
    create(rest, namespace, "later", blob=BLOB, colour="green")
    change(rest, namespace, "a", colour="red")

    await eventually(lambda: data(mirror, "later"), equals={"colour": "green"})
    await eventually(lambda: data(mirror, "a"), equals={"colour": "red"})


async def test_an_own_write_is_kept_without_what_is_cut(mirror, proxy):
    """At once, while no watch tells of it."""
    proxy.hold(WATCH)
    body = {"data": {"blob": BLOB + "y", "colour": "red"}}
    answer = await mirror.client.patch(CONFIG_MAP, "a", body, namespace=mirror.namespace)

    assert {"colour": "red"} == data(mirror, "a")
    assert body["data"] == msgspec.json.decode(answer.raw)["data"]


async def test_an_object_at_which_it_raises_harms_no_other(mirror, namespace, rest):
    """It keeps its last state, if it had one, and is followed again when it is odd no more."""
    undecodable = mirror.informer.reflectors[0].statistics.undecodable
    assert undecodable >= 1
    assert data(mirror, "odd") is None

    odd = {"data": {"odd": "yes"}}
    await mirror.client.patch(CONFIG_MAP, "a", odd, namespace=namespace)
    create(rest, namespace, "later", colour="green")
    await eventually(lambda: data(mirror, "later"), equals={"colour": "green"})
    assert {"colour": "blue"} == data(mirror, "a")

    change(rest, namespace, "a", odd=None)
    change(rest, namespace, "odd", odd=None, colour="grey")
    await eventually(lambda: mirror.steps("a")[1:], equals=["changed"])
    await eventually(lambda: data(mirror, "odd"), equals={"colour": "grey"})
    assert mirror.informer.reflectors[0].statistics.undecodable > undecodable


async def test_an_object_at_which_it_raises_goes_like_any_other(mirror, namespace, rest):
    """Its deletion is told with the last state that was kept, if there was one."""
    change(rest, namespace, "a", odd="yes")
    delete(rest, namespace, "a", "odd")
    create(rest, namespace, "later", colour="green")
    await eventually(lambda: data(mirror, "later"), equals={"colour": "green"})

    assert (["initial", "deleted"], []) == (mirror.steps("a"), mirror.steps("odd"))
    assert data(mirror, "a") is None
    [last] = [step.old for step in mirror.changes if step.new is None]
    assert {"colour": "blue"} == msgspec.json.decode(last.raw)["data"]
