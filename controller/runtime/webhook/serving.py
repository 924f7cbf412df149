"""The serving certificate in use, replaceable under load.

Each handshake asks for the context of the moment, so a new certificate is shown from the next
connection on, and connections that stand are not touched. A replacement is checked before it
counts: a certificate without its key leaves the one in use as it is.
"""

import ssl
from typing import Final

from informers.credentials import certificate_expiry
from informers.errors import ConfigError
from informers.tls import KeyPair, private_file

PROTOCOLS: Final = ["http/1.1"]


class ServingCertificate:
    """What the server shows; `context` is for listening, whatever is in use by then."""

    def __init__(self) -> None:
        self.pair: KeyPair | None = None
        self.replacements = 0
        self._current: ssl.SSLContext | None = None
        self.context = _context()
        self.context.sni_callback = self._choose

    def replace(self, pair: KeyPair) -> bool:
        """Show this one from now on; False if it is in use already.

        Raises:
            ConfigError: If it cannot be used; nothing has changed then.
        """
        if pair == self.pair:
            return False
        context = _context()
        try:
            with private_file(pair.key.rstrip() + b"\n" + pair.certificate) as path:
                context.load_cert_chain(path, password="")  # or OpenSSL asks on the terminal
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(
                f"the serving certificate cannot be used ({getattr(error, 'reason', error)})",
                remedy="certificate and key must be PEM, belong together, and be unencrypted",
            ) from error
        self.pair, self._current = pair, context
        self.replacements += 1
        return True

    @property
    def expires(self) -> float | None:
        """When the one in use expires, in seconds since 1970; None without one."""
        found = None if self.pair is None else certificate_expiry(self.pair.certificate)
        return None if found is None else found.timestamp()

    def _choose(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _: ssl.SSLContext
    ) -> int | None:
        """Called by OpenSSL in each handshake, with or without a name."""
        if self._current is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._current
        return None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(PROTOCOLS)
    return context
