"""What a cache holds because of our own writes leaves it when it has left the server."""

import pytest

from controller.runtime.finalizer import ensure_finalizer, remove_finalizer
from informers.errors import NotFound, OutcomeUnknown
from informers.meta.builtin import CONFIG_MAP
from informers.request import DeleteOptions
from tests.integration.consistency.world import WITHIN, change, config_map, deaf
from tests.kit.answers import gone
from tests.kit.eventually import eventually
from tests.kit.faults import WATCHES, Cut, Match

FINALIZER = "test.pentad.dev/hold"


def path(namespace, name=""):
    """Return the path of the namespace's ConfigMaps, or of one."""
    return f"/api/v1/namespaces/{namespace}/configmaps" + (f"/{name}" if name else "")


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
async def test_t32_a_ghost_is_removed_by_the_relist(proxy, proxied, namespace, rest, streams):
    """Created by us, deleted by others while no watch is open: the new list has the last word."""
    async with deaf(proxy, proxied, CONFIG_MAP, namespace, streams=streams) as (mirror, held):
        await mirror.client.create(CONFIG_MAP, config_map("ghost"), namespace=namespace)
        rest.delete(path(namespace, "ghost"))
        assert mirror.informer.store.get(f"{namespace}/ghost") is not None

        proxy.add(gone(), WATCHES, times=1)
        proxy.cut(WATCHES)
        held.remove()

        await mirror.wait_agrees(rest, within=WITHIN)
        assert ["added", "deleted"] == mirror.steps("ghost")


async def test_t32_a_ghost_is_removed_by_the_resumed_watch(proxy, proxied, namespace, rest):
    """The same where the watch resumes: its events repeat our write and tell of the end."""
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        await mirror.client.create(CONFIG_MAP, config_map("ghost"), namespace=namespace)
        rest.delete(path(namespace, "ghost"))

        proxy.cut(WATCHES)
        held.remove()

        await mirror.wait_told("ghost", "added", "deleted", within=WITHIN)
        await mirror.wait_agrees(rest, within=WITHIN)


async def test_t32_later_changes_of_others_show_through(proxy, proxied, namespace, rest):
    """What we wrote is held no longer than until the watch has something newer."""
    rest.create(path(namespace), config_map("a"))
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        ours = {"data": {"by": "us"}}
        await mirror.client.patch(CONFIG_MAP, "a", ours, namespace=namespace)
        others = change(rest, path(namespace, "a"), {"data": {"by": "others"}})

        held.remove()

        version = others["metadata"]["resourceVersion"]
        await eventually(lambda: mirror.content()[f"{namespace}/a"], equals=version, within=WITHIN)
        await mirror.wait_agrees(rest, within=WITHIN)


async def test_t32_an_own_deletion_does_not_hide_a_successor(proxy, proxied, namespace, rest):
    """Deleted by us, created by others: the new one shows, and the old one goes first."""
    rest.create(path(namespace), config_map("a"))
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        await mirror.client.delete(CONFIG_MAP, "a", namespace=namespace)
        rest.create(path(namespace), config_map("a"))
        assert mirror.informer.store.get(f"{namespace}/a") is None

        held.remove()

        await mirror.wait_told("a", "initial", "deleted", "added", within=WITHIN)
        await mirror.wait_agrees(rest, within=WITHIN)


async def test_t32_a_late_reply_brings_nothing_back(proxy, proxied, namespace, rest):
    """The watch told of the creation and of the end before our create was answered."""
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        held.remove()
        with (
            proxy.add(Cut(at="reply"), Match(method="POST"), times=1),
            pytest.raises(OutcomeUnknown),
        ):
            await mirror.client.create(CONFIG_MAP, config_map("late"), namespace=namespace)
        rest.delete(path(namespace, "late"))
        await mirror.wait_told("late", "added", "deleted", within=WITHIN)

        last = mirror.changes[-1].old
        mirror.informers.wrote(CONFIG_MAP, last, last.raw)

        await mirror.wait_told("late", "added", "deleted", within=WITHIN)
        await mirror.wait_agrees(rest, within=WITHIN)


async def test_t33_a_write_that_changes_nothing_is_not_waited_for(proxy, proxied, namespace, rest):
    """Its version is the one we have: no change is told, nothing is in doubt."""
    rest.create(path(namespace), config_map("a", labels={"colour": "red"}))
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        before, told = mirror.content(), len(mirror.changes)
        same = {"metadata": {"labels": {"colour": "red"}}}
        for _ in range(3):
            answer = await mirror.client.patch(CONFIG_MAP, "a", same, namespace=namespace)
            assert before[f"{namespace}/a"] == answer.resource_version

        assert (before, told) == (mirror.content(), len(mirror.changes))
        assert 0 == mirror.informer.store.doubtful
        held.remove()
        await mirror.wait_agrees(rest, within=WITHIN)


async def test_t34_a_deletion_held_by_a_finalizer_is_seen(proxy, proxied, namespace, rest):
    """It shows as deleting at once, asking again changes nothing, letting go removes it."""
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        client, get = mirror.client, mirror.informer.store.get
        made = await client.create(CONFIG_MAP, config_map("a"), namespace=namespace)
        await ensure_finalizer(client, CONFIG_MAP, made, FINALIZER)
        assert (FINALIZER,) == get(f"{namespace}/a").meta.finalizers

        for _ in range(2):
            how = DeleteOptions(uid=made.meta.uid)
            await client.delete(CONFIG_MAP, "a", how, namespace=namespace)
            assert get(f"{namespace}/a").is_deleting
        await remove_finalizer(client, CONFIG_MAP, get(f"{namespace}/a"), FINALIZER)

        assert None is get(f"{namespace}/a")
        with pytest.raises(NotFound):
            await client.get(CONFIG_MAP, "a", namespace=namespace)
        held.remove()
        await mirror.wait_agrees(rest, within=WITHIN)
        assert ["added", "changed", "changed", "deleted"] == mirror.steps("a")
