"""A certificate in two files that somebody else replaces: read again when it changed.

Looked at once per connection, which costs two `stat` calls and needs no watcher. While the files
are half written, or wrong, the last good pair goes on serving.
"""

import ssl
from pathlib import Path

from informers.errors import ConfigError

Stamp = tuple[tuple[int, int, int], ...]


class CertificateFiles:
    """A server's TLS context, as current as its files."""

    def __init__(self, certificate: str, key: str) -> None:
        self._files = (Path(certificate), Path(key))
        self._stamp: Stamp | None = None
        self._context: ssl.SSLContext | None = None
        self.loads = 0
        self.failures = 0

    def context(self) -> ssl.SSLContext:
        """The context for the next handshake.

        Raises:
            ConfigError: If there never was a usable pair.
        """
        try:
            stamp = tuple(
                (s.st_ino, s.st_size, s.st_mtime_ns) for s in (f.stat() for f in self._files)
            )
            if stamp != self._stamp:
                self._context = self._load()
                self._stamp = stamp
                self.loads += 1
        except (OSError, ValueError) as error:  # an ssl.SSLError is an OSError
            self.failures += 1
            if self._context is None:
                names = " and ".join(map(str, self._files))
                raise ConfigError(
                    f"cannot use the certificate {names}: {error}",
                    remedy="give a PEM certificate and the key that belongs to it",
                ) from error
        assert self._context is not None
        return self._context

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(*self._files, password="")  # or OpenSSL asks on the terminal
        return context
