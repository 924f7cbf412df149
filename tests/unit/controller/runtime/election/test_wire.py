"""Where the election's connection goes; how it behaves is in tests/chaos."""

from urllib.parse import urlsplit

import pytest

from controller.runtime.election.wire import EndpointInvalid, HTTPConnection


@pytest.mark.parametrize(
    ("server", "host", "port"),
    [
        ("https://10.0.0.1", "10.0.0.1", 443),
        ("http://localhost", "localhost", 80),
        ("https://[fd00::1]:6443", "fd00::1", 6443),
    ],
    ids=["https", "http", "ipv6"],
)
def test_address_comes_from_the_server(server, host, port):
    """The scheme's port is the default."""
    it = HTTPConnection(urlsplit(server), None)
    assert (it.host, it.port) == (host, port)


def test_proxy_is_where_the_connection_goes():
    """With a proxy the server is only a name in a CONNECT, with the login beside it."""
    it = HTTPConnection(urlsplit("https://api:6443"), None, proxy="http://user:a%3Ab@proxy:3128")
    assert (it.host, it.port) == ("proxy", 3128)
    assert (it._tunnel_host, it._tunnel_port) == ("api", 6443)
    assert it._tunnel_headers["Proxy-Authorization"] == "Basic dXNlcjphOmI="


@pytest.mark.parametrize("address", ["proxy:3128", "ftp://h", "https:///path"])
def test_unusable_address_is_refused(address):
    """An address without a scheme or a host we know is a mistake to be told."""
    with pytest.raises(EndpointInvalid):
        HTTPConnection(urlsplit(address), None)
