"""The few requests a cluster's own set-up needs: health, and creating objects.

Not a client for anyone else: `informers.client` is that. This one must work before a server is
ready, when most answers are refusals.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Self

import aiohttp
import attrs
import msgspec

from hack.cluster.credentials import KeyPair
from hack.cluster.errors import ClusterError

_PROBE: Final = aiohttp.ClientTimeout(total=2)
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404


@attrs.frozen
class Api:
    """One connection pool for all probes and requests of one command."""

    session: aiohttp.ClientSession
    contexts: dict[KeyPair, ssl.SSLContext] = attrs.field(factory=dict)

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls) -> AsyncIterator[Self]:
        """Open the pool."""
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as session:
            yield cls(session)

    def _tls(self, pair: KeyPair) -> ssl.SSLContext:
        if pair not in self.contexts:
            context = ssl.create_default_context(cafile=str(pair.authority))
            context.load_cert_chain(pair.certificate, pair.key)
            self.contexts[pair] = context
        return self.contexts[pair]

    async def answers(self, url: str, pair: KeyPair) -> bool:
        """Whether a server answers with what is asked for; silence is a no."""
        try:
            async with self.session.get(url, ssl=self._tls(pair), timeout=_PROBE) as response:
                return response.ok
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return False

    async def exists(self, url: str, pair: KeyPair) -> bool:
        """Whether there is such an object."""
        return await self._request("GET", url, pair, fine=_NOT_FOUND) != _NOT_FOUND

    async def create(self, url: str, pair: KeyPair, body: Mapping[str, Any]) -> None:
        """Create an object; one that exists stays as it is."""
        await self._request("POST", url, pair, body=msgspec.json.encode(body), fine=_CONFLICT)

    async def _request(
        self, method: str, url: str, pair: KeyPair, *, body: bytes | None = None, fine: int
    ) -> int:
        """Return the status code; a refusal is an error unless it is one that is expected."""
        headers = {"Content-Type": "application/json"}
        try:
            async with self.session.request(
                method, url, data=body, headers=headers, ssl=self._tls(pair)
            ) as response:
                if response.ok or response.status == fine:
                    return response.status
                raise ClusterError(f"{method} {url}: {response.status} {await response.text()}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ClusterError(f"{method} {url}: {str(error) or 'no answer'}") from error
