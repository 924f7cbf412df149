"""The few requests of a cluster's own set-up: whether something answers, what there is, creating.

Not a client for anyone else: `informers.client` is that. This one must work before a server is
ready, when most answers are refusals, and leave no connection behind when its command ends; so it
is the standard library's, in threads, one short connection for each question.
"""

import asyncio
import http.client
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import msgspec

from hack.cluster.credentials import KeyPair
from hack.cluster.errors import ClusterError

_PROBE: Final = 2.0
_PATIENCE: Final = 30.0
_WORKERS: Final = 8
_OUTLINES: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_SILENCE: Final = (OSError, http.client.HTTPException)


class _Meta(msgspec.Struct):
    name: str


class _Item(msgspec.Struct):
    metadata: _Meta


class _Collection(msgspec.Struct):
    items: list[_Item] | None


@attrs.frozen
class Api:
    """Requests with the identities of one cluster."""

    _contexts: dict[KeyPair, ssl.SSLContext] = attrs.field(factory=dict)

    async def answers(self, url: str, pair: KeyPair) -> bool:
        """Whether a server answers with what is asked for; silence is a no."""
        return await asyncio.to_thread(self._answers, url, pair)

    async def create(self, url: str, pair: KeyPair, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Create objects, several at a time; those that exist stay as they are."""
        async with asyncio.TaskGroup() as group:
            for share in (bodies[start::_WORKERS] for start in range(min(_WORKERS, len(bodies)))):
                group.create_task(asyncio.to_thread(self._create, url, pair, share))

    async def names(self, url: str, pair: KeyPair) -> set[str]:
        """What the objects of a collection are called; no more than that is sent for each."""
        return await asyncio.to_thread(self._names, url, pair)

    async def read(self, url: str, pair: KeyPair) -> bytes:
        """Return an object as it stands there."""
        return await asyncio.to_thread(self._read, url, pair, {})

    def _answers(self, url: str, pair: KeyPair) -> bool:
        connection = self._open(url, pair, seconds=_PROBE)
        try:
            connection.request("GET", urlsplit(url).path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except _SILENCE:
            return False
        finally:
            connection.close()

    def _create(self, url: str, pair: KeyPair, bodies: Sequence[Mapping[str, Any]]) -> None:
        connection = self._open(url, pair, seconds=_PATIENCE)
        headers = {"Content-Type": "application/json"}
        try:
            for body in bodies:
                connection.request("POST", urlsplit(url).path, msgspec.json.encode(body), headers)
                response = connection.getresponse()
                answer = response.read().decode(errors="replace")
                if response.status not in {http.HTTPStatus.CREATED, http.HTTPStatus.CONFLICT}:
                    raise ClusterError(f"creating {url}: {response.status} {answer}")
        except _SILENCE as error:
            raise ClusterError(f"creating {url}: {error}") from error
        finally:
            connection.close()

    def _names(self, url: str, pair: KeyPair) -> set[str]:
        answer = self._read(url, pair, {"Accept": _OUTLINES})
        found = msgspec.json.decode(answer, type=_Collection)
        return {item.metadata.name for item in found.items or ()}

    def _read(self, url: str, pair: KeyPair, headers: Mapping[str, str]) -> bytes:
        connection = self._open(url, pair, seconds=_PATIENCE)
        try:
            connection.request("GET", urlsplit(url).path, headers=dict(headers))
            response = connection.getresponse()
            answer = response.read()
        except _SILENCE as error:
            raise ClusterError(f"reading {url}: {error}") from error
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise ClusterError(
                f"reading {url}: {response.status} {answer.decode(errors='replace')}"
            )
        return answer

    def _open(self, url: str, pair: KeyPair, *, seconds: float) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.netloc, timeout=seconds)
        context = self._tls(pair)
        return http.client.HTTPSConnection(parts.netloc, timeout=seconds, context=context)

    def _tls(self, pair: KeyPair) -> ssl.SSLContext:
        if pair not in self._contexts:
            context = ssl.create_default_context(cafile=str(pair.authority))
            context.load_cert_chain(pair.certificate, pair.key)
            self._contexts[pair] = context
        return self._contexts[pair]
