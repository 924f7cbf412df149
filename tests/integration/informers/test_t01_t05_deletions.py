"""Deletions that happened while nobody looked are told, once, with the last state."""

import pytest

from informers.meta.builtin import CONFIG_MAP
from tests.integration.informers.objects import LIST, WATCH, change, create, delete
from tests.kit.eventually import eventually
from tests.kit.faults import Cut
from tests.kit.mirror import mirrored

STREAMS = pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])


def disconnect(proxy):
    """Cut the informer off and keep it off."""
    proxy.refuse()
    assert proxy.cut_all() > 0


@STREAMS
async def test_t01_an_object_gone_before_the_relist_leaves_no_ghost(
    proxy, proxied, namespace, rest, streams
):
    """Created and deleted while the watch is down, an object is never told (k/k#115658)."""
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
        await mirror.wait_synced()
        disconnect(proxy)
        create(rest, namespace, "ghost", "stays")
        delete(rest, namespace, "ghost")
        proxy.accept()

        await mirror.wait_agrees(rest)

        assert ["added"] == mirror.steps("stays")
        assert mirror.steps("ghost") in ([], ["added", "deleted"])


@STREAMS
async def test_t01_an_object_known_and_gone_at_the_relist_is_told(
    proxy, proxied, namespace, rest, streams
):
    """Deleted while the watch is down, a known object is told as deleted, once."""
    create(rest, namespace, "goes")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
        await mirror.wait_synced()
        disconnect(proxy)
        delete(rest, namespace, "goes")
        proxy.accept()

        await mirror.wait_agrees(rest)

        assert ["initial", "deleted"] == mirror.steps("goes")


@STREAMS
async def test_t02_a_deletion_inside_the_first_content_is_told(
    proxy, proxied, namespace, rest, streams, streams_content
):
    """The first content breaks off, an object of it goes; its deletion follows (k/k#26966)."""
    names = [f"a{n}" for n in range(8)]
    create(rest, namespace, *names, blob="x" * 20_000)
    watched = streams and streams_content
    cut = Cut(after_events=3) if watched else Cut(after_bytes=70_000)
    with proxy.add(cut, WATCH if watched else LIST, times=1) as rule:
        async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
            await eventually(lambda: rule.fired, equals=1)
            # Only once the break is known here, all that came before it was told.
            (reflector,) = mirror.informer.reflectors
            failures = 2 if streams and not watched else 1  # a refusal to stream is one, too
            await eventually(lambda: reflector.statistics.failures, equals=failures)
            first = next(iter(mirror.told.values()), None)
            gone = first.meta.name if first else "a0"
            delete(rest, namespace, gone)

            await mirror.wait_synced()
            await mirror.wait_agrees(rest)

            assert (["initial", "deleted"] if first else []) == mirror.steps(gone)
            assert ["initial"] == mirror.steps("a7")


@STREAMS
async def test_t03_a_successor_of_the_same_name_is_another_object(
    proxy, proxied, namespace, rest, streams
):
    """Deleted and created again between two lists: handlers see one go and one come (k/k#83810)."""
    create(rest, namespace, "twin")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
        await mirror.wait_synced()
        before = mirror.told[f"{namespace}/twin"].meta.uid
        disconnect(proxy)
        delete(rest, namespace, "twin")
        create(rest, namespace, "twin")
        proxy.accept()

        await mirror.wait_agrees(rest)

        assert ["initial", "deleted", "added"] == mirror.steps("twin")
        assert before != mirror.told[f"{namespace}/twin"].meta.uid


@STREAMS
async def test_t04_a_relist_that_drops_n_objects_tells_n_deletions(
    proxy, proxied, namespace, rest, streams
):
    """Exactly the dropped ones are told, each with its last state."""
    names = [f"o{n}" for n in range(12)]
    create(rest, namespace, *names, colour="red")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
        await mirror.wait_synced()
        change(rest, namespace, "o3", colour="blue")
        await mirror.wait_told("o3", "initial", "changed")
        disconnect(proxy)
        delete(rest, namespace, *names[:7])
        proxy.accept()

        await mirror.wait_agrees(rest)

        gone = {step.key: step.old for step in mirror.changes if step.new is None}
        assert {f"{namespace}/{name}" for name in names[:7]} == set(gone)
        assert all(last.meta.name == key.partition("/")[2] for key, last in gone.items())
        assert b'"blue"' in gone[f"{namespace}/o3"].raw
