"""Where queries are asked, who asks, and how the two know each other.

What came out of Secrets is in no `repr` and in no message, also where a server repeats it in what
it says: `without_secrets` strikes out what is long enough not to be a word of everybody's. An
address that holds a password is refused, and shown to nobody.

White space around a credential goes, as Prometheus does it with its own password files: most
Secrets that were made of a file end in a newline.
"""

import base64
import os
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import attrs

from informers.errors import ConfigError
from informers.tls import KeyPair, make_context
from reconcilers.vertice.scaler.reading.answer import Unanswered

QUERY: Final = "/api/v1/query"
RANGE: Final = "/api/v1/query_range"
_STRUCK: Final = 8
"""Characters; to strike out a user called `a` would tell who it is."""
_TOKEN: Final = re.compile(rb"[!-~]+")
_PLAIN: Final = re.compile(r"[!-~]+")
_SSL: Final = re.compile(r"\[SSL: (\w+)\]")
_EXPIRED, _OTHER_NAMES = 10, frozenset({62, 64})
_LABEL: Final = 63
"""Characters between two dots of a name."""


def _shown(address: str) -> str:
    """Return an address without what may be secret in it, whatever it is."""
    return re.split(r"[?#]", address.rpartition("@")[2])[0]


@attrs.frozen(kw_only=True)
class Server:
    """A server that speaks Prometheus' API; credentials and PEM as they are in their Secrets."""

    address: str = attrs.field(repr=_shown)
    timeout: float = 5.0
    token: bytes = attrs.field(default=b"", repr=False)
    username: bytes = attrs.field(default=b"", repr=False)
    password: bytes = attrs.field(default=b"", repr=False)
    ca: bytes = attrs.field(default=b"", repr=False)
    certificate: bytes = attrs.field(default=b"", repr=False)
    key: bytes = attrs.field(default=b"", repr=False)
    server_name: str = ""
    insecure_skip_verify: bool = False

    def url(self, path: str = QUERY) -> str:
        """Return where queries of a sort are sent to.

        Raises:
            Unanswered: If the address is none.
        """
        if not self.address:
            raise Unanswered("nobody said where Prometheus is: set spec.prometheus.address")
        wrong = _what_is_wrong(self.address)
        if wrong:
            raise Unanswered(f"spec.prometheus.address {wrong}")
        return self.address.rstrip("/") + path

    def headers(self) -> dict[str, str]:
        """Return the headers that say who asks.

        Raises:
            Unanswered: If no header can carry the credentials.
        """
        if self.token:
            token = self.token.strip()
            if not _TOKEN.fullmatch(token):
                raise Unanswered(
                    "the Secret of spec.prometheus.auth.bearerToken holds no token: it has "
                    "characters that no header carries"
                )
            return {"Authorization": f"Bearer {token.decode()}"}
        if self.username or self.password:
            if b":" in self.username:
                raise Unanswered("the Secret of spec.prometheus.auth.username holds a colon")
            return {"Authorization": f"Basic {self._basic}"}
        return {}

    @property
    def trust(self) -> tuple[bytes, bytes, bytes, bool]:
        """Return what `context` follows from: servers that have it in common can share one."""
        return self.ca, self.certificate, self.key, self.insecure_skip_verify

    def context(self) -> ssl.SSLContext:
        """Return what TLS is spoken by.

        Raises:
            Unanswered: If what is to be used for it cannot be.
        """
        pair = KeyPair(self.certificate, self.key) if self.certificate and self.key else None
        try:
            return make_context(
                authority=self.ca or None,
                pair=pair,
                insecure=self.insecure_skip_verify,
                title="spec.prometheus.tls",
            )
        except ConfigError as error:
            raise Unanswered(error.message) from error

    def without_secrets(self, text: str) -> str:
        """Return what was said without the credentials of who asks."""
        for secret in self._secrets():
            if len(secret) >= _STRUCK:
                text = text.replace(secret, "***")
        return text

    def why_unreachable(self, error: Exception) -> str:
        """Return in words why no answer came."""
        cause = _cause(error)
        at = f"cannot be reached at {self.address}"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"{at}: {_distrust(cause)}"
        if isinstance(cause, OSError) and (reason := _reason(cause)):
            return f"{at}: TLS failed ({reason}){_advice(reason)}"
        where = "spec.prometheus.address, network policies"
        if self.address.startswith("https"):
            where += ", and spec.prometheus.tls"
        return f"{at}: {_failure(cause)}; look at {where}"

    @property
    def _basic(self) -> str:
        return base64.b64encode(self.username.strip() + b":" + self.password.strip()).decode()

    def _secrets(self) -> Iterator[str]:
        yield self._basic
        for secret in (self.token, self.password, self.username):
            yield secret.strip().decode(errors="replace")


def _what_is_wrong(address: str) -> str:
    """Return what is wrong with an address, in words that do not repeat it; or nothing."""
    try:
        parts = urlsplit(address)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "is no URL: its host or its port is none"
    if "@" in address:
        return "holds a user: set spec.prometheus.auth instead"
    if parts.scheme not in {"http", "https"} or port == 0:
        return "begins with neither http:// nor https://, or names port 0"
    if parts.query or parts.fragment or not _PLAIN.fullmatch(address):
        return "is more than a host, a port and a path"
    if any(not 1 <= len(label) <= _LABEL for label in host.removesuffix(".").split(".")):
        return "names no host"
    return ""


def _distrust(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return "its certificate has expired: renew it on the server"
    if error.verify_code in _OTHER_NAMES:
        return "its certificate is for other names: set spec.prometheus.tls.serverName"
    return f"its certificate is not trusted ({error.verify_message}): set spec.prometheus.tls.ca"


def _reason(error: OSError) -> str:
    """Return the reason of an error of TLS, or nothing if it is none.

    One that comes after the handshake is an OSError of aiohttp, with OpenSSL's text.
    """
    found = _SSL.match(error.strerror or "")
    return found[1] if found else getattr(error, "reason", None) or ""


def _advice(reason: str) -> str:
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER" in reason:
        return ": is it http:// instead?"
    if "ALERT" in reason:
        return ": it may want another client certificate; see spec.prometheus.tls"
    return ""


def _cause(error: BaseException) -> BaseException:
    """Return what the system or OpenSSL said, which others have wrapped.

    Of all that calls itself an error of TLS the innermost is: aiohttp's own have no reason.
    """
    chain = [error]
    while inner := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(inner)
    return next((each for each in reversed(chain) if isinstance(each, ssl.SSLError)), chain[-1])


def _failure(error: BaseException) -> str:
    """Return what failed, without the address again."""
    if isinstance(error, socket.gaierror):
        return error.strerror or "its name is not known"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
