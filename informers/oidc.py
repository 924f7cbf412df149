"""The `oidc` auth-provider of a kubeconfig: an ID token, and a refresh token to get the next.

The identity provider is asked through the library behind `connection`; here are the rules around
it: use the ID token while it lives, ask in time, keep a refresh token that was replaced (many
providers accept each only once, so it is also written back to the kubeconfig, as kubectl does).
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

import attrs

from informers.clock import Clock
from informers.credentials import Issued, basic, bearer, jwt_expiry
from informers.errors import ConfigError
from informers.tls import Blob, make_context, read_blob

DEADLINE: Final = 30.0

Requestor = Callable[[str, str, str], Any]
Ask = Callable[[str], Awaitable[Mapping[str, Any]]]
Keep = Callable[[Mapping[str, str]], None]


@attrs.define(eq=False, repr=False, kw_only=True)
class OidcLogin:
    """One kubeconfig user's login; `ask` sends a refresh token, `keep` stores what came back."""

    title: str
    clock: Clock
    ask: Ask
    keep: Keep
    id_token: str = attrs.field(default="", repr=False)
    refresh_token: str = attrs.field(default="", repr=False)
    _is_first: bool = True

    async def obtain(self) -> Issued:
        """The ID token of the file at first if it still lives, a new one from then on."""
        if not (self._is_first and self._is_alive()):
            await self._renew()
        self._is_first = False
        return Issued(
            authorization=bearer(self.id_token, title=self.title),
            expires=jwt_expiry(self.id_token),
        )

    def _is_alive(self) -> bool:
        expires = jwt_expiry(self.id_token)
        return expires is not None and expires > self.clock.wall()

    async def _renew(self) -> None:
        if not self.refresh_token:
            raise ConfigError(
                f"the ID token of {self.title} has expired and there is no refresh-token",
                remedy="log in again with your identity provider's tool",
            )
        answer = await self.ask(self.refresh_token)
        token = answer.get("id_token")
        if not isinstance(token, str) or not token:
            raise ConfigError(
                f"the identity provider of {self.title} returned no id_token",
                remedy="ask for the scopes openid and offline_access at login",
            )
        self.id_token = token
        self.refresh_token = str(answer.get("refresh_token") or self.refresh_token)
        self.keep({"id-token": self.id_token, "refresh-token": self.refresh_token})


@attrs.frozen(eq=False, repr=False, kw_only=True)
class IdentityProvider:
    """Sends a refresh token by the library's `requestor`, over TLS that is verified."""

    requestor: Requestor
    library_error: type[Exception]
    issuer: str
    client_id: str
    client_secret: str = attrs.field(repr=False)
    authority: Blob | None
    title: str

    async def ask(self, refresh_token: str) -> Mapping[str, Any]:
        """The provider's answer to a refresh token."""
        import aiohttp  # noqa: PLC0415 - whoever talks OIDC has paid for it

        context = self._context()
        requestor = self.requestor(self.client_id, self.client_secret, self.issuer)
        headers = requestor._default_headers | {"Authorization": self._authorization}  # noqa: SLF001 - no other way in
        # The library's own session does not verify the provider's certificate.
        requestor._client_session = lambda: aiohttp.ClientSession(  # noqa: SLF001 - no other way in
            connector=aiohttp.TCPConnector(ssl=context),
            headers=headers,
            raise_for_status=True,
            trust_env=True,
        )
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await requestor.refresh_token(refresh_token)
        except (self.library_error, aiohttp.ClientError, OSError, KeyError, ValueError) as error:
            raise self._refused(error) from error
        if not isinstance(answer, Mapping):
            raise self._refused(f"an answer of type {type(answer).__name__}")
        return answer

    @property
    def _authorization(self) -> str:
        """The client's own login, escaped as RFC 6749 section 2.3.1 wants it."""
        return basic(quote_plus(self.client_id), quote_plus(self.client_secret))

    def _context(self) -> ssl.SSLContext:
        what = f"idp-certificate-authority of {self.title}"
        return make_context(
            authority=None if self.authority is None else read_blob(self.authority, what=what),
            pair=None,
            insecure=False,
            title=f"the identity provider of {self.title}",
        )

    def _refused(self, reason: object) -> ConfigError:
        said = str(reason) or type(reason).__name__
        return ConfigError(
            f"the identity provider of {self.title} gave no new token ({said})",
            remedy=f"log in again with its tool, or check {self.issuer}",
        )
