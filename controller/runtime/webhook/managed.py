"""Certificates that the manager makes itself: the keeper, and the watches that wake it.

Loading this module loads the cryptography library; managers that are given certificates do without.
"""

import asyncio
from collections.abc import Callable

import attrs

from controller.runtime.manager import LifecycleLog
from controller.runtime.registration import Webhook
from controller.runtime.webhook.injection import LOCAL, Injector, Loopback, Publisher
from controller.runtime.webhook.keeper import Keeper
from controller.runtime.webhook.options import WebhookOptions
from controller.runtime.webhook.ring import Lives
from controller.runtime.webhook.serving import ServingCertificate
from controller.runtime.webhook.vault import MemoryVault, SecretVault, Vault
from informers.client import Client
from informers.errors import ConfigError, Forbidden, InformersError
from informers.factory import Informers
from informers.meta.builtin import MUTATING_WEBHOOK, SECRET, VALIDATING_WEBHOOK
from informers.meta.kinds import Kind
from informers.reflector import Source


@attrs.frozen
class ManagedCertificates:
    """A keeper with what it keeps, awake when that changes."""

    keeper: Keeper
    vault: Vault
    publisher: Publisher
    client: Client
    watched: tuple[tuple[Kind, str], ...]
    namespace: str
    log: LifecycleLog
    watching: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    """Set once changes are seen as they happen, and not only every hour."""

    async def open(self) -> None:
        """Have a certificate to show.

        Raises:
            ConfigError: If the replicas' Secret may not be used.
        """
        try:
            await self.keeper.open()
        except Forbidden as error:
            raise ConfigError(
                f"the webhooks' certificates cannot be kept: {error.message}",
                remedy="apply manifests/rbac, mount a certificate and say --webhook-cert-dir, "
                "or say --webhooks=off",
            ) from error

    async def run(self) -> None:
        """Keep the certificates right, until told to finish."""
        async with asyncio.TaskGroup() as group:
            watches = group.create_task(self._watch(), name="watches of webhook certificates")
            await self.keeper.run()
            watches.cancel()

    def finish(self) -> None:
        """End `run` after the step under way."""
        self.keeper.finish()

    async def close(self, *, limit: float) -> None:
        """Leave nothing behind that leads here."""
        try:
            async with asyncio.timeout(limit):
                await self.publisher.withdraw()
        except (InformersError, TimeoutError) as error:
            text = str(error) or f"there was no answer within {limit:.1f} s"
            self.log.warning("webhook_configurations_left_behind", error=text)

    async def _watch(self) -> None:
        async with Informers(self.client, namespaces=[self.namespace]) as informers:
            for kind, name in self.watched:
                source = Source(kind=kind, field_selector=f"metadata.name={name}")
                informers.acquire(source).add_handler(lambda _: self.keeper.wake())
            for informer in informers:
                await informer.wait_synced()
            self.watching.set()
            await asyncio.Event().wait()


def managed(
    options: WebhookOptions,
    webhooks: tuple[Webhook, ...],
    client: Client,
    certificate: ServingCertificate,
    *,
    port: Callable[[], int],
    log: LifecycleLog,
    lives: Lives | None,
) -> ManagedCertificates:
    """What the options ask for: shared by replicas, or of this program alone on loopback."""
    vault: Vault
    publisher: Publisher
    configurations = LOCAL if options.mode == "url" else options.configurations
    watched = [(kind, configurations) for kind in (VALIDATING_WEBHOOK, MUTATING_WEBHOOK)]
    if options.mode == "url":
        vault, publisher = MemoryVault(), Loopback(client, webhooks, port=port, log=log)
    else:
        vault = SecretVault(client, options.namespace, name=options.certificates)
        publisher = Injector(client, webhooks, options.configurations)
        watched.append((SECRET, options.certificates))
    keeper = Keeper(
        vault,
        publisher,
        certificate,
        names=options.names(),
        clock=client.clock,
        log=log,
        lives=lives,
    )
    return ManagedCertificates(
        keeper, vault, publisher, client, tuple(watched), options.namespace, log
    )
