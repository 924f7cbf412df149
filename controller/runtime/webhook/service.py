"""The webhooks of a manager, as one thing that starts and stops.

Every replica serves, leading or not: the API server asks whichever the Service leads it to. That is
why the client here has no fence; what it writes (one Secret, the bundle in two configurations) is
compare-and-swap, and right from any replica.

Start: a certificate is there → the port is open → the bundle is published and kept. Stop: nothing
leads here any more → what is under way finishes → tasks and connections end.
"""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from controller.runtime.deadline import Deadline
from controller.runtime.manager import LifecycleLog
from controller.runtime.registration import Webhook
from controller.runtime.webhook.files import CertificateFolder
from controller.runtime.webhook.options import WebhookOptions
from controller.runtime.webhook.server import AdmissionServer, Limits
from controller.runtime.webhook.serving import ServingCertificate
from informers.client import Client

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from controller.runtime.webhook.ring import Lives


FINISH_SECONDS: Final = 2.0
STOP_SECONDS: Final = 20.0


class CertificateSource(Protocol):
    """Where the serving certificate comes from."""

    async def open(self) -> None:
        """Have a certificate to show, or raise what prevents it."""
        ...

    async def run(self) -> None:
        """Keep it right, until told to finish."""
        ...

    def finish(self) -> None:
        """End `run` once what is under way is done."""
        ...

    async def close(self, *, limit: float) -> None:
        """Leave nothing behind, as far as that can be done within so many seconds."""
        ...


class Webhooks:
    """Serves webhooks with a certificate that stays right; a `Server` of the manager.

    It takes the client over: it is closed at the end.
    """

    def __init__(
        self,
        webhooks: Iterable[Webhook],
        client: Client,
        *,
        log: LifecycleLog,
        options: WebhookOptions | None = None,
        limits: Limits | None = None,
        lives: "Lives | None" = None,
    ) -> None:
        self.options = options or WebhookOptions()
        self.certificate = ServingCertificate()
        self._client = client
        self._group = asyncio.TaskGroup()
        self._keeping: asyncio.Task[None] | None = None
        chosen = tuple(webhooks)
        self.server = AdmissionServer(
            chosen,
            self.certificate,
            log=log,
            host=self.options.listens_at,
            port=self.options.port,
            clock=client.clock,
            limits=limits,
        )
        self.source = self._source(chosen, log, lives)

    def _source(
        self, webhooks: tuple[Webhook, ...], log: LifecycleLog, lives: "Lives | None"
    ) -> CertificateSource:
        if self.options.cert_dir:
            directory = Path(self.options.cert_dir)
            return CertificateFolder(directory, self.certificate, log=log)
        from controller.runtime.webhook.managed import managed  # noqa: PLC0415 - cryptography

        return managed(
            self.options,
            webhooks,
            self._client,
            self.certificate,
            port=lambda: self.server.port,
            log=log,
            lives=lives,
        )

    def unready(self) -> str:
        """Why requests cannot be answered yet; empty when they can, for the readiness probe."""
        return "" if self.server.is_listening else "the webhooks are not served yet"

    def collector(self) -> "Collector":
        """The figures, for Prometheus."""
        from controller.runtime.webhook.metrics import (  # noqa: PLC0415 - at the first scrape
            WebhookCollector,
        )

        return WebhookCollector(self.server)

    async def start(self) -> None:
        """Serve from now on.

        Raises:
            ConfigError: If there is no certificate to be had, or the port is taken.
        """
        try:
            await self.source.open()
            await self.server.start()
        except BaseException:
            await self._client.close()
            raise
        await self._group.__aenter__()
        self._keeping = self._group.create_task(self.source.run(), name="webhook certificates")

    async def stop(self, *, limit: float = STOP_SECONDS) -> None:
        """Let what is under way finish, and leave nothing behind; half the time is for either."""
        deadline = Deadline(self._client.clock, limit)
        try:
            if self._keeping is not None:
                self.source.finish()
                timeout = min(FINISH_SECONDS, deadline.left(0.25))
                await asyncio.wait([self._keeping], timeout=timeout)
                self._keeping.cancel()
                await asyncio.wait([self._keeping])
            await self.source.close(limit=deadline.left(0.5))
            await self.server.stop(limit=deadline.left())
        finally:
            await self._client.close()
            if self._keeping is not None:
                await self._group.__aexit__(None, None, None)
