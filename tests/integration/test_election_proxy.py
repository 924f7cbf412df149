"""The election through a proxy: its connection is its own, so it has to tunnel by itself."""

import asyncio
import base64

import pytest
import yaml

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.elector import Elector
from controller.runtime.election.machine import Outcome
from informers.connection import connect
from tests.integration.connection_world import authority_of, kubeconfig_for
from tests.integration.test_connection_proxy import Tunnels
from tests.kit.certificates import Authority
from tests.kit.eventually import eventually

SHORT = {"lease": 4, "renew_deadline": 3.0, "retry": 0.4}


async def tunnels_have_ended():
    """The proxy's tasks see the end of their connections a moment after the elector's thread."""
    await eventually(lambda: len(asyncio.all_tasks()), equals=1)


@pytest.mark.parametrize("login", ["", "user:secret"], ids=["open", "with a login"])
@pytest.mark.parametrize("speaks_tls", [False, True], ids=["http", "https"])
async def test_lease_is_held_through_a_tunnel(cluster, namespace, tmp_path, login, speaks_tls):
    """A CONNECT tunnel, through a plain proxy or inside TLS, carries one kept connection."""
    authority = Authority("proxy") if speaks_tls else None
    async with Tunnels(cluster.server, login=login).open(authority=authority) as proxy:
        bundle = authority_of(cluster.kubeconfig) + (authority.pem if authority else "")
        path = kubeconfig_for(
            tmp_path / "config",
            cluster.kubeconfig,
            user=yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"],
            cluster={
                "proxy-url": proxy.url,
                "certificate-authority-data": base64.b64encode(bundle.encode()).decode(),
            },
        )
        config = ElectionConfig(name="l", namespace=namespace, **SHORT)
        async with Elector(config, await connect(kubeconfig=path)) as elector:
            await elector.wait_leading()
            age = SHORT["retry"] * 3
            await eventually(lambda: elector.statistics().renew_age, where=lambda a: a < age)
            assert (await elector.release()).outcome is Outcome.RELEASED
        await tunnels_have_ended()
    assert len(proxy.asked) == 1


async def test_proxy_that_refuses_is_told_in_the_log(cluster, namespace, tmp_path):
    """A proxy that wants a login which we do not have is a reason people can read."""
    lines = []

    def log(event, /, **fields):
        lines.append((event, fields))

    async with Tunnels(cluster.server, login="user:secret").open() as proxy:
        path = kubeconfig_for(
            tmp_path / "config",
            cluster.kubeconfig,
            user=yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"],
            cluster={"proxy-url": proxy.url.replace("user:secret@", "")},
        )
        config = ElectionConfig(name="l", namespace=namespace, **SHORT)
        async with Elector(config, await connect(kubeconfig=path), log=log):
            await eventually(lambda: lines)
        await tunnels_have_ended()
    assert "407" in lines[0][1]["reason"]
