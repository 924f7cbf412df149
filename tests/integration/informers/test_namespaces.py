"""The namespaces that caches cover change while they run, for all kinds at once."""

import attrs
import pytest

from informers.meta.builtin import CONFIG_MAP, NAMESPACE, SECRET
from informers.reflector import Source
from tests.integration.informers.objects import create, delete
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.leaks import no_leaks
from tests.kit.mirror import FAST, mirrored

OURS = ("a", "b", "later")
QUIET = attrs.evolve(FAST, idle=60, idle_most=60)
"""No watch is replaced because nothing happens."""


@pytest.fixture
def other(rest, namespace):
    """Return a second namespace."""
    name = f"{namespace}-other"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    rest.create(NAMESPACE.path(""), body)
    yield name
    rest.delete(NAMESPACE.path("", name))


def ours(mirror):
    """Return the cached objects that the test has made; the cluster makes one of its own."""
    return {key for key in mirror.content() if key.rpartition("/")[2] in OURS}


def open_watches(proxy, namespace):
    """Return the kinds whose watch of a namespace is open."""
    seen = proxy.seen(Match(watch=True, path=f"/namespaces/{namespace}/"))
    return sorted(each.path.rpartition("/")[2] for each in seen if each.finished is None)


async def test_a_namespace_is_added_and_another_removed(proxied, namespace, other, rest):
    """Objects of the new one come and are followed; those of the old one are told as deleted."""
    create(rest, namespace, "a")
    create(rest, other, "b")
    async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
        await mirror.wait_synced()
        await eventually(lambda: ours(mirror), equals={f"{namespace}/a"})

        await mirror.informers.set_namespaces([namespace, other])
        await mirror.wait_synced()
        assert {f"{namespace}/a", f"{other}/b"} == ours(mirror)
        create(rest, other, "later")
        await eventually(lambda: f"{other}/later" in ours(mirror))

        await mirror.informers.set_namespaces([other])
        assert {f"{other}/b", f"{other}/later"} == ours(mirror)
        assert ["initial", "deleted"] == mirror.steps("a")
        assert {held.meta.namespace for held in mirror.told.values()} == {other}
        delete(rest, other, "b")
        await eventually(lambda: ours(mirror), equals={f"{other}/later"})


async def test_the_watches_and_sockets_of_a_namespace_end_with_it(proxy, proxied, namespace, other):
    """Those of every kind, before the change returns; nothing is left of a namespace that left."""
    async with mirrored(proxied, CONFIG_MAP, namespace, pace=QUIET) as mirror:
        secrets = mirror.informers.acquire(Source(kind=SECRET))
        await mirror.wait_synced()
        await eventually(lambda: secrets.has_synced)
        await eventually(lambda: open_watches(proxy, namespace), equals=["configmaps", "secrets"])
        async with no_leaks(besides=proxy):
            await mirror.informers.set_namespaces([namespace, other])
            await eventually(lambda: open_watches(proxy, other), equals=["configmaps", "secrets"])
            await mirror.informers.set_namespaces([namespace])
            await eventually(lambda: open_watches(proxy, other), equals=[])

        assert ["configmaps", "secrets"] == open_watches(proxy, namespace)


async def test_a_kind_that_is_acquired_later_covers_the_namespaces_of_now(
    proxy, proxied, namespace, other, rest
):
    """Not those that were given first; a kind that is in no namespace is not concerned."""
    create(rest, other, "b")
    async with mirrored(proxied, SECRET, namespace) as mirror:
        everything = mirror.informers.acquire(Source(kind=NAMESPACE))
        await eventually(lambda: everything.has_synced)
        await mirror.informers.set_namespaces([other])
        later = mirror.informers.acquire(Source(kind=CONFIG_MAP))
        await eventually(lambda: later.has_synced)

        assert {other} == {held.meta.namespace for held in later.store}
        assert f"{other}/b" in {held.key for held in later.store}
        assert {namespace, other} <= {held.key for held in everything.store}
        assert [] == proxy.seen(Match(path=f"/namespaces/{namespace}/configmaps"))
