"""Objects nested deeper than the interpreter's stack."""

import pytest

from informers.meta.kinds import Kind
from tests.integration.informers.objects import establish
from tests.kit.eventually import eventually
from tests.kit.mirror import mirrored

THINGS = Kind("deep.pentad.dev", "v1", "Deep", "deeps")
LEVELS = 3_000


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
async def test_an_object_nested_without_end_harms_nobody(cluster, namespace, kubectl, streams):
    """Anybody may create it, in a few kilobytes; it is cached like all others, and followed."""
    establish(kubectl, THINGS)
    manifest = (
        '{"apiVersion":"deep.pentad.dev/v1","kind":"Deep","metadata":{"name":"%s"},"spec":{"x":%s}}'
    )
    deep = "[" * LEVELS + "]" * LEVELS

    def create(name, inside):
        kubectl("create", "-n", namespace, "-f", "-", stdin=manifest % (name, inside))

    create("before", "1")
    create("deep", deep)
    async with mirrored(cluster, THINGS, namespace, streams=streams) as mirror:
        await mirror.wait_synced()
        create("later", deep)
        create("last", "1")
        await eventually(lambda: len(mirror.informer.store), equals=4, within=20)

        assert deep.encode() in mirror.informer.store.get(f"{namespace}/deep").raw
        assert 0 == mirror.informer.reflectors[0].statistics.undecodable
