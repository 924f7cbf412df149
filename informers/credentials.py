"""Who we are, and keeping it true.

A `Credential` answers two questions at once and without waiting: which Authorization header, which
client certificate. What rotates is renewed by `refresh`, which `connection` calls when `due` has
come or after the server said 401.

`Static` never changes, `TokenFile` is read again every minute (a projected service account token
lives an hour and is replaced on disk), `Expiring` asks a source again, a plugin or an identity
provider, shortly before what it gave runs out. All keep the last good credential when renewing
fails, remember the failure for whoever explains a 401, and raise only when nothing usable is left.

Expiry is compared with the time of day at least every minute, so neither a suspended machine nor a
stepped clock carries an expired credential for long.
"""

import base64
import binascii
import datetime as dt
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

import attrs

from informers.clock import Clock
from informers.errors import ConfigError
from informers.tls import KeyPair

CHECK_EVERY: Final = 60.0  # client-go reads a token file again after a minute
RETRY_AFTER: Final = 10.0  # after a failed renewal, and between two forced ones
MAX_SKEW: Final = 60.0  # renew this long before expiry, or after four fifths of a short life
MIN_LIFE: Final = 1.0


class Credential(Protocol):
    """What requests are signed with now, and how that is renewed."""

    @property
    def authorization(self) -> str | None:
        """The Authorization header."""
        ...

    @property
    def pair(self) -> KeyPair | None:
        """A client certificate that was issued together with or instead of a token."""
        ...

    @property
    def due(self) -> float:
        """When to refresh, on the monotonic clock."""
        ...

    @property
    def failure(self) -> ConfigError | None:
        """Why the last renewal failed; None once one succeeded."""
        ...

    async def refresh(self, *, force: bool) -> None:
        """Renew what is due, or anyway after a 401."""
        ...


@attrs.frozen
class Static:
    """A token, a password, or nothing: it is what it is."""

    authorization: str | None = attrs.field(default=None, repr=False)
    pair: KeyPair | None = None
    due: float = math.inf
    failure: ConfigError | None = None

    async def refresh(self, *, force: bool) -> None:
        """Nothing to renew."""


def bearer(token: str, *, title: str) -> str:
    """The header for a token, which must fit into one."""
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(
            f"the token of {title} is {'empty' if not token else 'not one printable word'}",
            remedy="renew it",
        )
    return f"Bearer {token}"


def basic(username: str, password: str) -> str:
    """The header for a user name and a password."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@attrs.define(eq=False, repr=False)
class TokenFile:
    """A bearer token that someone else replaces on disk."""

    path: Path
    title: str
    clock: Clock
    authorization: str | None = attrs.field(default=None, repr=False)
    pair: KeyPair | None = None
    due: float = -math.inf
    failure: ConfigError | None = None

    async def refresh(self, *, force: bool) -> None:
        """Read the file when its minute has passed, or now."""
        now = self.clock.monotonic()
        if now < self.due and not force:
            return
        self.due = now + CHECK_EVERY
        try:
            self.authorization = bearer(self._text(), title=f"{self.title} ({self.path})")
        except ConfigError as error:
            self.failure, self.due = error, now + RETRY_AFTER
            if self.authorization is None:
                raise
        else:
            self.failure = None

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8", "replace")
        except OSError as error:
            raise ConfigError(
                f"token file {self.path} of {self.title} cannot be read ({error.strerror})",
                remedy="correct the path or have the token written again",
            ) from error


@attrs.frozen(kw_only=True)
class Issued:
    """What a plugin or an identity provider handed out."""

    authorization: str | None = attrs.field(default=None, repr=False)
    pair: KeyPair | None = None
    expires: dt.datetime | None = None


@attrs.define(eq=False, repr=False)
class Expiring:
    """A credential that its source renews shortly before it runs out."""

    obtain: Callable[[], Awaitable[Issued]]
    clock: Clock
    due: float = -math.inf
    failure: ConfigError | None = None
    _issued: Issued | None = None
    _renew_at: dt.datetime | None = None
    _forced_until: float = -math.inf

    @property
    def authorization(self) -> str | None:
        """The Authorization header."""
        return self._issued.authorization if self._issued else None

    @property
    def pair(self) -> KeyPair | None:
        """The client certificate, when that is what was issued."""
        return self._issued.pair if self._issued else None

    async def refresh(self, *, force: bool) -> None:
        """Ask the source when it is time, or now, but not in a storm after many a 401."""
        now = self.clock.monotonic()
        if force and now >= self._forced_until:
            self._forced_until = now + RETRY_AFTER
        elif force or not self._is_time(now):
            self._raise_if_unusable()
            return
        try:
            issued = await self.obtain()
        except ConfigError as error:
            self.failure = error
            self.due = self.clock.monotonic() + RETRY_AFTER
            self._raise_if_unusable()
        else:
            self.failure = None
            self._accept(issued)

    def _accept(self, issued: Issued) -> None:
        now = self.clock.monotonic()
        self._issued, self._renew_at, self.due = issued, None, math.inf
        if issued.expires is not None:
            wall = self.clock.wall()
            life = (issued.expires - wall).total_seconds()
            if (
                life <= 0
            ):  # a clock is wrong; the server decides, and the source is not asked in a storm
                self._renew_at, self.due = issued.expires, now + RETRY_AFTER
                return
            wait = max(life - min(MAX_SKEW, life / 5), min(MIN_LIFE, life))
            self._renew_at = wall + dt.timedelta(seconds=wait)
            self.due = now + min(wait, CHECK_EVERY)

    def _is_time(self, now: float) -> bool:
        if self._issued is None:
            return now >= self.due
        if now < self.due:
            return False
        if self._renew_at is None:
            return self.failure is not None
        left = (self._renew_at - self.clock.wall()).total_seconds()
        if left > 0 and self.failure is None:
            self.due = now + min(left, CHECK_EVERY)
            return False
        return True

    def _raise_if_unusable(self) -> None:
        """Say why we have nothing to show, rather than show what the server must refuse."""
        if self.failure is None:
            return
        expires = self._issued.expires if self._issued else None
        if self._issued is None or (expires is not None and expires <= self.clock.wall()):
            raise self.failure


def jwt_expiry(token: str) -> dt.datetime | None:
    """When a JSON Web Token says it expires; None for anything that is not one."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return dt.datetime.fromtimestamp(claims["exp"], dt.UTC)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError):
        return None


def certificate_expiry(pem: bytes) -> dt.datetime | None:
    """When a certificate runs out; None if that cannot be told."""
    from cryptography import x509  # noqa: PLC0415 - 40 ms that only a failed request pays

    try:
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except ValueError:
        return None


def impersonation(user: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """The Impersonate headers that a kubeconfig's user entry asks for; groups repeat."""
    headers = [
        (header, str(user[key]))
        for key, header in (("as", "Impersonate-User"), ("as-uid", "Impersonate-Uid"))
        if user.get(key)
    ]
    headers += [("Impersonate-Group", str(group)) for group in _values(user.get("as-groups"))]
    extra = user.get("as-user-extra")
    for key, values in (extra if isinstance(extra, Mapping) else {}).items():
        name = "Impersonate-Extra-" + quote(str(key), safe="!#$&'*+-.^_`|~")
        headers += [(name, str(value)) for value in _values(values)]
    if headers and headers[0][0] != "Impersonate-User":
        raise ConfigError(
            "the kubeconfig's user has as-uid, as-groups or as-user-extra without 'as'",
            remedy="name the user to impersonate with 'as'",
        )
    return tuple(headers)


def _values(value: object) -> list[object]:
    return value if isinstance(value, list) else []
