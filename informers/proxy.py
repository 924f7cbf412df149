"""Which HTTP proxy leads to the API server.

A cluster's `proxy-url` wins. Without one the environment decides by the rules of Go's
`http.ProxyFromEnvironment`, because that is what people tested with kubectl: upper case before
lower case, loopback never proxied, NO_PROXY entries as names, suffixes, addresses, networks, each
with an optional port.

Tunnelling itself is the HTTP client's business; a scheme it cannot speak is refused here.
"""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from informers.credentials import basic
from informers.errors import ConfigError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def proxy_for(server: str, *, configured: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for requests to `server`, or None for a direct connection."""
    if configured:
        return _checked(configured, origin="proxy-url of the kubeconfig's cluster")
    target = urlsplit(server)
    name = f"{target.scheme}_proxy"
    value = environ.get(name.upper()) or environ.get(name)
    if not value or _is_excluded(target, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    return _checked(value if "://" in value else f"http://{value}", origin=name.upper())


def _checked(url: str, *, origin: str) -> str:
    try:
        parts = urlsplit(url)
        well_formed = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        well_formed = False
    if not well_formed or parts.scheme not in DEFAULT_PORTS:
        raise ConfigError(
            f"{origin} is {url!r}, which is no HTTP proxy",
            remedy="use http://HOST:PORT or https://HOST:PORT (SOCKS is not supported)",
        )
    return url


def _is_excluded(target: SplitResult, no_proxy: str) -> bool:
    host = (target.hostname or "").lower()
    port = str(port_of(target))
    address = _address(host)
    if host == "localhost" or (address is not None and _is_loopback(address)):
        return True
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(
        entry == "*" or _matches(entry, host=host, port=port, address=address)
        for entry in entries
        if entry
    )


def login_of(proxy: SplitResult) -> str:
    """The Proxy-Authorization that stands in a proxy's address; empty without one."""
    if not proxy.username:
        return ""
    return basic(unquote(proxy.username), unquote(proxy.password or ""))


def port_of(url: SplitResult) -> int:
    """The port, said or not."""
    return url.port or DEFAULT_PORTS[url.scheme]


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _is_loopback(address: Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _matches(entry: str, *, host: str, port: str, address: Address | None) -> bool:
    if "/" in entry:
        return address is not None and _in_network(address, entry)
    name, wanted = _split(entry)
    if not name or wanted not in ("", port):
        return False
    literal = _address(name)
    if literal is not None:
        return literal == address
    if address is not None:
        return False
    name = name[1:] if name.startswith("*.") else name
    return host.endswith(name) if name.startswith(".") else f".{host}".endswith(f".{name}")


def _in_network(address: Address, entry: str) -> bool:
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _split(entry: str) -> tuple[str, str]:
    """Host and port; IPv6 is in brackets with a port and without brackets otherwise."""
    if entry.startswith("["):
        host, _, port = entry[1:].partition("]:")
        return (host, port) if port else (entry, "")
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
