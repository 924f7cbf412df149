"""One contract for both vaults: the Secret of replicas, and the memory of a program alone."""

from contextlib import asynccontextmanager

import attrs
import pytest

from controller.runtime.permissions import CERTIFICATES
from controller.runtime.webhook import ring
from controller.runtime.webhook.ring import Lives
from controller.runtime.webhook.vault import ROTATE, MemoryVault, SecretVault
from informers.client import Client
from informers.clock import LoopClock
from informers.connection import connect
from informers.errors import AlreadyExists, Conflict


@pytest.fixture(params=["secret", "memory"])
def vault(request, cluster, namespace):
    """Return a block that has an empty vault."""

    @asynccontextmanager
    async def opened():
        if request.param == "memory":
            yield MemoryVault()
            return
        client = Client(await connect(kubeconfig=cluster.kubeconfig))
        try:
            yield SecretVault(client, namespace)
        finally:
            await client.close()

    return opened


def made():
    """Return a fresh ring."""
    return ring.new(["localhost"], now=LoopClock().wall(), lives=Lives())


async def test_the_first_ring_stays(vault):
    """Nothing is there at first; who comes second is told."""
    first = made()
    async with vault() as opened:
        assert await opened.read() is None

        await opened.create(first)
        with pytest.raises(AlreadyExists):
            await opened.create(made())

        assert first == (await opened.read()).ring


async def test_what_changed_meanwhile_is_not_overwritten(vault):
    """Of two who take a step from the same ring one is told that it was late."""
    first = made()
    async with vault() as opened:
        await opened.create(first)
        one, other = await opened.read(), await opened.read()

        await opened.replace(one, attrs.evolve(first, announced=first.signer))
        with pytest.raises(Conflict):
            await opened.replace(other, made())

        held = (await opened.read()).ring
        assert (first.signer, first.signer) == (held.signer, held.announced)


async def test_what_others_put_into_the_secret_stays(cluster, namespace, rest):
    """Keys, labels and annotations survive; the wish for a rotation is taken off when granted."""
    path = f"/api/v1/namespaces/{namespace}/secrets/{CERTIFICATES}"
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    vault = SecretVault(client, namespace)
    first = made()
    await vault.create(first)
    theirs = {
        "metadata": {"labels": {"l": "v"}, "annotations": {"a": "v", ROTATE: "please"}},
        "data": {"extra": "YQ=="},
    }
    rest.merge(path, theirs)

    held = await vault.read()
    assert held.asked
    await vault.replace(held, first)

    found = rest.get(path)
    assert not (await vault.read()).asked
    assert ({"l": "v"}, {"a": "v"}) == (
        found["metadata"]["labels"],
        found["metadata"]["annotations"],
    )
    assert "YQ==" == found["data"]["extra"]
    await client.close()


async def test_a_spoilt_secret_is_told_and_not_used(cluster, namespace, rest):
    """What is wrong with it is said in one line."""
    path = f"/api/v1/namespaces/{namespace}/secrets"
    rest.create(path, {"metadata": {"name": CERTIFICATES}, "data": {"ca.crt": "YQ=="}})
    client = Client(await connect(kubeconfig=cluster.kubeconfig))

    held = await SecretVault(client, namespace).read()
    await client.close()

    assert held.ring is None
    assert "ca.key, tls.crt, tls.key missing" == held.problem
