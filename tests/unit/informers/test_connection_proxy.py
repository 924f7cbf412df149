"""Which proxy is used: Go's rules, each row checked against Go's own implementation."""

import pytest

from informers.connection import connect
from informers.errors import ConfigError
from informers.proxy import proxy_for
from tests.unit.informers.connection_world import kubeconfig, pod

PROXY = "http://proxy:3128"
API = "https://api.example.com:6443"


@pytest.mark.parametrize(
    ("server", "environ", "expected"),
    [
        (API, {}, None),
        (API, {"HTTPS_PROXY": PROXY}, PROXY),
        (API, {"https_proxy": PROXY}, PROXY),
        (API, {"HTTPS_PROXY": PROXY, "https_proxy": "http://other:1"}, PROXY),
        (API, {"HTTP_PROXY": PROXY}, None),
        ("http://api:80", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://api:80", {"HTTPS_PROXY": PROXY}, None),
        (API, {"HTTPS_PROXY": "proxy:3128"}, PROXY),
        (API, {"HTTPS_PROXY": "https://user:pw@proxy:1"}, "https://user:pw@proxy:1"),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://127.8.0.1:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://[::1]:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://localhost:6443", {"HTTPS_PROXY": PROXY}, None),
        ("https://localhost.example.com", {"HTTPS_PROXY": PROXY}, PROXY),
    ],
    ids=[
        "nothing set",
        "upper case",
        "lower case",
        "upper case first",
        "of the other scheme",
        "for http",
        "for http of the other scheme",
        "without scheme",
        "with a login",
        "loopback",
        "all of 127/8",
        "loopback in IPv6",
        "localhost",
        "not quite localhost",
    ],
)
def test_the_environment_decides(server, environ, expected):
    """The variable of the server's scheme names the proxy; loopback is always direct."""
    assert expected == proxy_for(server, configured="", environ=environ)


@pytest.mark.parametrize(
    ("no_proxy", "is_direct"),
    [
        ("*", True),
        ("a,*", True),
        ("api.example.com", True),
        ("API.Example.COM", True),
        (" other , api.example.com ", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("ample.com", False),
        (".api.example.com", False),
        ("*.api.example.com", False),
        ("*example.com", False),
        ("api.example.com:6443", True),
        ("api.example.com:443", False),
        ("example.com:6443", True),
        (".example.com:443", False),
        ("10.0.0.0/8", False),
        (":6443", False),
        ("", False),
        (",,", False),
    ],
)
def test_names_in_no_proxy(no_proxy, is_direct):
    """A name excludes itself and all below it, a leading dot only what is below, a port narrows."""
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}

    assert is_direct == (proxy_for(API, configured="", environ=environ) is None)


@pytest.mark.parametrize(
    ("server", "no_proxy", "is_direct"),
    [
        ("https://10.96.0.1", "10.96.0.1", True),
        ("https://10.96.0.1", "10.0.0.0/8", True),
        ("https://10.96.0.1", "192.168.0.0/16,10.96.0.0/12", True),
        ("https://10.96.0.1", "11.0.0.0/8", False),
        ("https://10.96.0.1", "10.96.0.1:443", True),
        ("https://10.96.0.1", "10.96.0.1:6443", False),
        ("https://10.96.0.1", "10.96.0.10", False),
        ("https://10.96.0.1", "0.1", False),
        ("https://10.96.0.1", "10.0.0.0/99", False),
        ("https://[fd00::1]", "fd00::/8", True),
        ("https://[fd00::1]", "fd00::1", True),
        ("https://[fd00::1]:6443", "[fd00::1]:6443", True),
        ("https://[fd00::1]:6443", "[fd00::1]:443", False),
        ("https://[fd00::1]", "[fd00::1]", False),
        ("https://[fd00::1]", "10.0.0.0/8", False),
    ],
)
def test_addresses_in_no_proxy(server, no_proxy, is_direct):
    """Addresses and networks exclude addresses, a port narrows."""
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}

    assert is_direct == (proxy_for(server, configured="", environ=environ) is None)


def test_lower_case_no_proxy_counts():
    """no_proxy is read when NO_PROXY is not set."""
    environ = {"HTTPS_PROXY": PROXY, "no_proxy": "api.example.com"}

    assert proxy_for(API, configured="", environ=environ) is None


def test_the_kubeconfig_s_proxy_wins_even_for_loopback():
    """proxy-url is explicit: neither NO_PROXY nor loopback overrides it."""
    environ = {"HTTPS_PROXY": "http://other:1", "NO_PROXY": "*"}

    assert PROXY == proxy_for("https://127.0.0.1", configured=PROXY, environ=environ)


@pytest.mark.parametrize("value", ["socks5://p:1080", "http://", "http://h:port", "://"])
def test_what_is_no_http_proxy_is_refused(value):
    """A proxy that cannot be used is an error at start, not a direct connection."""
    with pytest.raises(ConfigError, match=r"HTTPS_PROXY is .*, which is no HTTP proxy: use http"):
        proxy_for(API, configured="", environ={"HTTPS_PROXY": value})


async def test_connections_carry_their_proxy(tmp_path):
    """Both a kubeconfig and a pod lead to the proxy of their environment."""
    path = kubeconfig(tmp_path / "config", cluster={"server": API})
    by_file = await connect(kubeconfig=path, environ={"HTTPS_PROXY": PROXY})
    by_pod = await connect(
        environ={**pod(tmp_path / "pod"), "HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8"},
        service_account=tmp_path / "pod",
    )

    assert (PROXY, None) == (by_file.proxy, by_pod.proxy)
