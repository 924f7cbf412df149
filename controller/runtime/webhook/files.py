"""Certificates that somebody else makes, such as cert-manager: two files that change.

They are read every ten seconds; a pair that differs and fits together is shown from the next
connection on. Half-written files, or a certificate beside the former key, are no reason to stop:
the one in use stays until the pair is whole. Whoever makes them also publishes the CA bundle.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from controller.runtime.manager import LifecycleLog
from controller.runtime.webhook.serving import ServingCertificate
from informers.errors import ConfigError
from informers.tls import KeyPair

POLL_SECONDS: Final = 10.0
CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"


class CertificateFolder:
    """A directory with `tls.crt` and `tls.key`."""

    def __init__(
        self,
        directory: Path,
        certificate: ServingCertificate,
        *,
        log: LifecycleLog,
    ) -> None:
        self._directory = directory
        self._certificate = certificate
        self._finishing = asyncio.Event()
        self._log = log
        self._refused: KeyPair | None = None

    async def open(self) -> None:
        """Have a certificate to show.

        Raises:
            ConfigError: If there is none that can be used.
        """
        self._certificate.replace(self._read())

    async def run(self) -> None:
        """Follow the files, until told to finish."""
        while not self._finishing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._finishing.wait()
            self.poll()

    def finish(self) -> None:
        """End `run`."""
        self._finishing.set()

    async def close(self, *, limit: float) -> None:
        """Nothing: the files are somebody else's."""

    def poll(self) -> None:
        """Use what is there now, if it can be used; complain once of each pair that cannot."""
        try:
            pair = self._read()
        except ConfigError as error:
            self._log.warning("webhook_certificate_unreadable", error=str(error))
            return
        if pair == self._refused:
            return
        try:
            if self._certificate.replace(pair):
                self._log.info("webhook_certificate_in_use", directory=str(self._directory))
        except ConfigError as error:
            self._refused = pair
            self._log.warning("webhook_certificate_refused", error=str(error))

    def _read(self) -> KeyPair:
        blobs = []
        for name in (CERTIFICATE, KEY):
            path = self._directory / name
            try:
                blobs.append(path.read_bytes())
            except OSError as error:
                raise ConfigError(
                    f"the webhooks' certificate {path} cannot be read ({error.strerror})",
                    remedy=f"--webhook-cert-dir names a directory with {CERTIFICATE} and {KEY}",
                ) from error
        return KeyPair(*blobs)
