"""The API server behind the fault proxy: where it is, and as whom it is called.

A request that brings its own Authorization is passed on with that and nothing else, so tests of
tokens and of RBAC mean what they say. All others go out under the identity of the kubeconfig, and
so do those that bring the token OURS: kubectl asks for a password where a user has no credentials.
"""

import asyncio
import base64
import ssl
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import attrs
import yaml

from tests.kit.http1 import Request
from tests.kit.wire import Wire

OURS = "identity-of-the-fault-proxy"

_SHUTDOWN = 1.0


@attrs.frozen(kw_only=True)
class Upstream:
    """An address, and the TLS contexts with and without our own identity."""

    host: str
    port: int
    anonymous: ssl.SSLContext | None = None
    identified: ssl.SSLContext | None = None
    token: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def at(cls, url: str) -> Self:
        """A server that speaks plain HTTP."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        return cls(host=parts.hostname, port=parts.port or 80)

    @classmethod
    def from_kubeconfig(cls, path: Path) -> Self:
        """The cluster and user of a kubeconfig's current context."""
        config = yaml.safe_load(path.read_text())
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"]
        parts = urlsplit(cluster["server"])
        assert parts.hostname is not None
        if parts.scheme == "http":
            return cls(host=parts.hostname, port=parts.port or 80, token=user.get("token"))
        identified = _trusting(cluster, path.parent)
        if (certificate := _material(user, "client-certificate", path.parent)) is not None:
            key = _material(user, "client-key", path.parent)
            assert key is not None
            _present(identified, certificate + b"\n" + key)
        return cls(
            host=parts.hostname,
            port=parts.port or 443,
            anonymous=_trusting(cluster, path.parent),
            identified=identified,
            token=user.get("token"),
        )

    def prepare(self, request: Request) -> Request:
        """The request as it is passed on."""
        if not _is_ours(request):
            return request
        request = request.without("authorization")
        return request.adding("Authorization", f"Bearer {self.token}") if self.token else request

    def context_for(self, request: Request) -> ssl.SSLContext | None:
        """As whom this request goes out."""
        return self.identified if _is_ours(request) else self.anonymous

    async def connect(self, context: ssl.SSLContext | None, home: set[Wire]) -> Wire:
        """A new connection to the server."""
        loop = asyncio.get_running_loop()
        timeout = _SHUTDOWN if context is not None else None
        _, wire = await loop.create_connection(
            lambda: Wire(home),
            self.host,
            self.port,
            ssl=context,
            ssl_shutdown_timeout=timeout,
        )
        return wire


def _is_ours(request: Request) -> bool:
    return request.get("authorization") in {None, f"Bearer {OURS}"}


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _material(section: dict[str, Any], key: str, folder: Path) -> bytes | None:
    if (data := section.get(f"{key}-data")) is not None:
        return base64.b64decode(data)
    name = section.get(key)
    return (folder / name).read_bytes() if name is not None else None


def _trusting(cluster: dict[str, Any], folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    authority = _material(cluster, "certificate-authority", folder)
    if authority is not None:
        context.load_verify_locations(cadata=authority.decode())
    elif cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_default_certs()
    return context


def _present(context: ssl.SSLContext, pem: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(file.name)
