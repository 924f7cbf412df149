"""The harness's own hands on the API server: bulk writes, lists, a counting watch.

It shares no code with what is measured, so that a fault in our client cannot hide itself in its own
benchmark. It understands the kubeconfigs that local clusters write (certificate authority and
client certificate, inline or as files) and no others.
"""

import asyncio
import base64
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import aiohttp
import attrs
import msgspec
import yaml

from hack.bench.widget import GROUP, PLURAL, VERSION

MERGE_PATCH: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
_JSON: Final = "application/json"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=120, sock_connect=30)
_CONNECTIONS: Final = 24
_T = TypeVar("_T")


class ApiError(Exception):
    """The API server said no, or nothing."""


@attrs.frozen(kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str = _JSON


class Metadata(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """As much of an object's metadata as the harness looks at."""

    name: str = ""
    uid: str = ""
    resource_version: str = ""


class Meta(msgspec.Struct, frozen=True, gc=False):
    """An object reduced to its metadata."""

    metadata: Metadata


def widgets_path(namespace: str, name: str = "") -> str:
    """Return the path of the Widgets of a namespace, or of one."""
    path = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{PLURAL}"
    return f"{path}/{name}" if name else path


def configmaps_path(namespace: str, name: str = "") -> str:
    """Return the path of the ConfigMaps of a namespace, or of one."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    return f"{path}/{name}" if name else path


class Api:
    """A connection pool to one API server; use it as an async context manager."""

    def __init__(self, server: str, *, tls: ssl.SSLContext) -> None:
        self.server = server
        connector = aiohttp.TCPConnector(ssl=tls, limit=0)
        self._session = aiohttp.ClientSession(
            server, connector=connector, timeout=_TIMEOUT, auto_decompress=True
        )

    @classmethod
    def of(cls, kubeconfig: Path) -> Self:
        """Return the connection that the current context of a kubeconfig describes."""
        server, tls = _load(kubeconfig)
        return cls(server, tls=tls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def send(self, call: Call, **params: str) -> bytes:
        """Send one request and return the body of its answer."""
        headers = {"Content-Type": call.content_type, "Accept-Encoding": "identity"}
        try:
            async with self._session.request(
                call.method, call.path, data=call.body, headers=headers, params=params
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise ApiError(f"{call.method} {call.path}: {reason}") from error
        if not response.ok:
            text = body.decode(errors="replace")[:500]
            raise ApiError(f"{call.method} {call.path}: {response.status} {text}")
        return body

    async def json(self, method: str, path: str, body: object = None, **params: str) -> Any:  # noqa: ANN401 - any JSON value
        """Send JSON, return JSON."""
        data = None if body is None else msgspec.json.encode(body)
        return msgspec.json.decode(
            await self.send(Call(method=method, path=path, body=data), **params)
        )

    async def apply(self, path: str, body: Mapping[str, Any]) -> None:
        """Server-side apply."""
        call = Call(method="PATCH", path=path, body=msgspec.json.encode(body), content_type=APPLY)
        await self.send(call, fieldManager="bench", force="true")

    async def merge(self, path: str, body: Mapping[str, Any]) -> None:
        """Merge patch."""
        data = msgspec.json.encode(body)
        await self.send(Call(method="PATCH", path=path, body=data, content_type=MERGE_PATCH))

    async def bulk(self, calls: Iterable[Call], *, connections: int = _CONNECTIONS) -> None:
        """Send many requests, each connection one after the other."""
        queue = iter(calls)

        async def drain() -> None:
            for call in queue:
                await self.send(call)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(connections):
                tasks.create_task(drain())

    async def metadata(self, path: str, **params: str) -> tuple[list[Metadata], str]:
        """Return the metadata of a list's items and the list's resourceVersion."""
        body = await self.send(Call(method="GET", path=path), **params)
        page = msgspec.json.decode(body, type=_Page)
        return [item.metadata for item in page.items], page.metadata.resource_version

    async def watch(
        self, path: str, *, since: str, type_: type[_T], **params: str
    ) -> AsyncIterator[_T]:
        """Yield what happens after a resourceVersion, until the caller or the server leaves."""
        decode = msgspec.json.Decoder(type_).decode
        query = {"watch": "true", "resourceVersion": since, **params}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=30)
        with suppress(aiohttp.ClientError):  # a watcher that is slow for a moment is cut off
            async with self._session.get(path, params=query, timeout=timeout) as response:
                rest = b""
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        yield decode(line)

    async def writes(self, resource: str) -> int:
        """How many writing requests the API server has served for a resource."""
        return count_writes(await self._metrics(), resource=resource)

    async def cpu_seconds(self) -> float:
        """User and system time that the API server has used so far."""
        lines = (await self._metrics()).splitlines()
        found = next(line for line in lines if line.startswith("process_cpu_seconds_total "))
        return float(found.rsplit(" ", 1)[1])

    async def _metrics(self) -> str:
        return (await self.send(Call(method="GET", path="/metrics"))).decode()


class _Page(msgspec.Struct, frozen=True):
    metadata: Metadata
    items: list[Meta]


def count_writes(metrics: str, *, resource: str) -> int:
    """Sum the write verbs of one resource out of a scrape of the API server's metrics."""
    verbs = tuple(f'verb="{verb}"' for verb in ("POST", "PUT", "PATCH", "APPLY", "DELETE"))
    return sum(
        int(float(line.rsplit(" ", 1)[1]))
        for line in metrics.splitlines()
        if line.startswith("apiserver_request_total{")
        and f'resource="{resource}"' in line
        and any(verb in line for verb in verbs)
    )


def _load(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    with tempfile.TemporaryDirectory() as scratch:
        files = {
            key: _file(entry, key, folder=Path(scratch), beside=kubeconfig)
            for entry, key in (
                (cluster, "certificate-authority"),
                (user, "client-certificate"),
                (user, "client-key"),
            )
        }
        tls = ssl.create_default_context(cafile=files["certificate-authority"])
        tls.load_cert_chain(files["client-certificate"], files["client-key"])
    return cluster["server"], tls


def _named(entries: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(entry for entry in entries if entry["name"] == name)


def _file(entry: Mapping[str, str], key: str, *, folder: Path, beside: Path) -> Path:
    if data := entry.get(f"{key}-data"):
        path = folder / key
        path.write_bytes(base64.b64decode(data))
        return path
    return beside.parent / entry[key]
