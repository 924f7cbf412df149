"""The API server behind an HTTP proxy: tunnels, logins, and the environment's rules."""

import asyncio
import base64
from contextlib import asynccontextmanager, suppress

import pytest
import yaml

from informers.connection import connect
from informers.errors import TransportError
from tests.integration.connection_world import (
    SteppedClock,
    authority_of,
    client_of,
    kubeconfig_for,
    whoami,
)
from tests.kit.certificates import Authority, server_context


class Tunnels:
    """A proxy that knows CONNECT and nothing else; every name leads to the real API server."""

    def __init__(self, server, *, login=""):
        self.host, self.port = server.removeprefix("https://").split(":")
        self.login = login
        self.asked = []
        self.scheme = "http"
        self.own_port = 0
        self.serving = set()

    @property
    def url(self):
        """The proxy's address."""
        return f"{self.scheme}://{self.login + '@' if self.login else ''}127.0.0.1:{self.own_port}"

    @asynccontextmanager
    async def open(self, *, authority=None):
        """Listen while the block runs; with an authority, by TLS."""
        context = None
        if authority is not None:
            context, self.scheme = server_context(), "https"
            authority.arm(context)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.own_port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()
            if self.serving:
                _, late = await asyncio.wait(self.serving, timeout=10)
                assert set() == late

    async def _serve(self, reader, writer):
        self.serving.add(asyncio.current_task())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.split("\r\n", 1)[0])
        expected = base64.b64encode(self.login.encode()).decode()
        if self.login and f"proxy-authorization: basic {expected}".lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        else:
            far_reader, far_writer = await asyncio.open_connection(self.host, int(self.port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, far_writer))
                group.create_task(_pump(far_reader, writer))
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()


async def _pump(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


def admin(cluster):
    """The administrator's user entry."""
    return yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]


@pytest.mark.parametrize("login", ["", "user:secret"], ids=["open", "with a login"])
async def test_the_kubeconfig_s_proxy_tunnels_to_the_server(cluster, tmp_path, login):
    """proxy-url leads through a CONNECT tunnel, with a login if one stands in the address."""
    clock = SteppedClock()
    async with Tunnels(cluster.server, login=login).open() as proxy:
        path = kubeconfig_for(
            tmp_path / "config",
            cluster.kubeconfig,
            user=admin(cluster),
            cluster={"proxy-url": proxy.url},
        )
        connection = await connect(kubeconfig=path)
        async with client_of(connection, clock=clock) as client:
            assert await whoami(client)

    address = cluster.server.removeprefix("https://")
    assert [f"CONNECT {address} HTTP/1.1"] == proxy.asked


async def test_a_proxy_that_speaks_tls_itself(cluster, tmp_path):
    """An https:// proxy works when the kubeconfig's authorities vouch for it too, as with Go."""
    authority = Authority("proxy")
    bundle = authority_of(cluster.kubeconfig) + authority.pem
    async with Tunnels(cluster.server).open(authority=authority) as proxy:
        path = kubeconfig_for(
            tmp_path / "config",
            cluster.kubeconfig,
            user=admin(cluster),
            cluster={
                "proxy-url": proxy.url,
                "certificate-authority-data": base64.b64encode(bundle.encode()).decode(),
            },
        )
        connection = await connect(kubeconfig=path)
        async with client_of(connection, clock=SteppedClock()) as client:
            assert await whoami(client)

    assert 1 == len(proxy.asked)


async def test_a_proxy_that_refuses_is_told(cluster, tmp_path):
    """A proxy that wants a login which we do not have is an error that says 407."""
    async with Tunnels(cluster.server, login="user:secret").open() as proxy:
        url = proxy.url.replace("user:secret@", "")
        path = kubeconfig_for(
            tmp_path / "config",
            cluster.kubeconfig,
            user=admin(cluster),
            cluster={"proxy-url": url},
        )
        connection = await connect(kubeconfig=path)
        async with client_of(connection, clock=SteppedClock()) as client:
            with pytest.raises(TransportError, match="407"):
                await whoami(client)


async def test_https_proxy_of_the_environment_and_its_exceptions(cluster, tmp_path):
    """HTTPS_PROXY carries requests to a distant name; NO_PROXY sends them out directly."""
    path = kubeconfig_for(
        tmp_path / "config",
        cluster.kubeconfig,
        user=admin(cluster),
        cluster={"server": "https://api.pentad.invalid:6443", "tls-server-name": "localhost"},
    )
    async with Tunnels(cluster.server).open() as proxy:
        environ = {"HTTPS_PROXY": proxy.url}
        connection = await connect(kubeconfig=path, environ=environ)
        async with client_of(connection, clock=SteppedClock()) as client:
            assert await whoami(client)
        assert ["CONNECT api.pentad.invalid:6443 HTTP/1.1"] == proxy.asked

        direct = await connect(kubeconfig=path, environ={**environ, "NO_PROXY": ".invalid"})
        async with client_of(direct, clock=SteppedClock()) as client:
            with pytest.raises(TransportError, match="cannot reach"):
                await whoami(client)

    assert 1 == len(proxy.asked)


async def test_loopback_is_never_proxied_by_the_environment(cluster):
    """A control plane on this machine is reached directly, whatever HTTPS_PROXY says."""
    environ = {"HTTPS_PROXY": "http://127.0.0.1:1"}
    connection = await connect(kubeconfig=cluster.kubeconfig, environ=environ)

    async with client_of(connection, clock=SteppedClock()) as client:
        assert await whoami(client)
