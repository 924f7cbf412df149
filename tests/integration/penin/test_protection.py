"""A protected cluster cannot be deleted, by nobody and in no way, until it is protected no more."""

import asyncio

from reconcilers.penin.family import FAMILY
from tests.integration.penin.world import made
from tests.integration.webhook_world import serving
from tests.kit.eventually import eventually


async def test_a_protected_cluster_stays(cluster, rest, path):
    """The refusal says what to do; after that it goes like any other."""
    rest.create(path.rpartition("/")[0], made(deletionProtection=True))

    async with serving(cluster, FAMILY.webhooks):

        async def deleted(query=""):
            return await asyncio.to_thread(rest.request, "DELETE", path + query)

        async def refused():
            answer = await deleted("?dryRun=All")
            return answer.status == 403 and answer.body["message"]

        said = await eventually(refused, within=20)
        assert "spec.deletionProtection is true: set it to false first" in said
        assert 403 == (await deleted()).status

        await asyncio.to_thread(rest.merge, path, {"spec": {"deletionProtection": False}})
        assert 200 == (await deleted()).status
    assert 404 == rest.request("GET", path).status
