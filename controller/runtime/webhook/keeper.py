"""Keeps one replica's certificates right: the vault, the bundle in force, the one it shows.

Any replica may take any step, as the vault lets only one of them succeed. Each looks again when the
Secret or a configuration changes (`wake`), when a certificate is due, and every hour. What cannot
be done now, as the API server does not answer, is tried again; the certificate in use stays in use.

Whoever deletes the Secret gets it back, with the same certificates, from a replica that runs.
"""

import asyncio
import contextlib
import datetime as dt
import random
from collections.abc import Iterable
from typing import Final

import attrs

from controller.runtime.manager import LifecycleLog
from controller.runtime.webhook import ring as rings
from controller.runtime.webhook.certs import facts
from controller.runtime.webhook.injection import NOT_ALLOWED, Publisher, Seen
from controller.runtime.webhook.ring import Lives, Ring
from controller.runtime.webhook.serving import ServingCertificate
from controller.runtime.webhook.vault import Held, Vault
from informers.backoff import Backoff
from informers.clock import Clock
from informers.errors import AlreadyExists, Conflict, Forbidden, InformersError

LOOK_AGAIN: Final = dt.timedelta(hours=1)
ATTEMPTS: Final = 5


@attrs.frozen(kw_only=True)
class KeeperStatistics:
    """What is known of the certificates; absent before the first look."""

    serving_expires: dt.datetime | None
    authority_expires: dt.datetime | None
    authorities: int
    steps: int
    failures: int


class Keeper:
    """One replica's part in the life of the certificates."""

    def __init__(
        self,
        vault: Vault,
        publisher: Publisher,
        certificate: ServingCertificate,
        *,
        names: Iterable[str],
        clock: Clock,
        log: LifecycleLog,
        lives: Lives | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.ring: Ring | None = None
        self._vault = vault
        self._publisher = publisher
        self._certificate = certificate
        self._names = frozenset(names)
        self._clock = clock
        self._log = log
        self._lives = lives or Lives()
        jitter = rng or random.Random()  # noqa: S311 - not secrets
        self._backoff = Backoff(clock, jitter, cap=60.0)
        self._woken = asyncio.Event()
        self._in_force: tuple[bytes, float] = (b"", 0.0)
        self._is_finishing = False
        self._steps = 0
        self._failures = 0

    def statistics(self) -> KeeperStatistics:
        """The state of the certificates."""
        held = self.ring
        return KeeperStatistics(
            serving_expires=facts(held.serving.certificate).not_after if held else None,
            authority_expires=facts(held.signer.certificate).not_after if held else None,
            authorities=len(held.authorities) if held else 0,
            steps=self._steps,
            failures=self._failures,
        )

    def wake(self) -> None:
        """Look again now."""
        self._woken.set()

    def finish(self) -> None:
        """End `run` after the step under way: a request that is cut short may have been granted."""
        self._is_finishing = True
        self.wake()

    async def open(self) -> None:
        """Have a certificate to show.

        Raises:
            InformersError: If the vault cannot be read or written.
        """
        for _ in range(ATTEMPTS):
            held = await self._held()
            if held is not None:
                return
        raise Conflict("the webhooks' certificates change faster than they can be read", code=409)

    async def run(self) -> None:
        """Keep all of it right, until told to finish."""
        conflicts = 0
        while not self._is_finishing:
            self._woken.clear()
            try:
                wait = await self.tend()
                conflicts = 0
            except InformersError as error:
                if isinstance(error, Conflict) and (conflicts := conflicts + 1) < ATTEMPTS:
                    continue  # somebody was faster; so many times in a row it is something else
                self._failures += 1
                self._log.warning("webhook_certificates_not_tended", error=str(error))
                wait = dt.timedelta(seconds=self._backoff.next_delay())
            await self._wait(wait)

    async def tend(self) -> dt.timedelta:
        """Take the step that is due, if any; returns when to look again."""
        seen = await self._look()
        held = await self._held()
        if held is None or held.ring is None:
            return dt.timedelta()
        since = await self._publish(seen, held.ring)
        now, mono = self._clock.wall(), self._clock.monotonic()
        settle = self._lives.settle.total_seconds()
        following = rings.step(
            held.ring,
            self._names,
            now=now,
            lives=self._lives,
            settled=since is not None and mono - since >= settle,
            asked=held.asked,
        )
        if following is not None:
            await self._vault.replace(held, following)
            self._steps += 1
            return dt.timedelta()
        waits = [LOOK_AGAIN, rings.due(held.ring, now=now) - now]
        if held.ring.announced is not None and since is not None:
            waits.append(dt.timedelta(seconds=since + settle - mono))
        return min(waits)

    async def _look(self) -> Seen:
        try:
            return await self._publisher.look()
        except Forbidden as error:
            return self._not_allowed(error)

    async def _publish(self, seen: Seen, held: Ring) -> float | None:
        """Publish the bundle; returns since when it is in force, None if that is not known."""
        bundle = held.bundle
        if seen is NOT_ALLOWED:
            return None
        try:
            stood = await self._publisher.publish(seen, bundle)
        except Forbidden as error:
            self._not_allowed(error)
            return None
        known, since = self._in_force
        if not stood or known != bundle:
            since = self._clock.monotonic()
            self._in_force = (bundle, since)
        return since

    def _not_allowed(self, error: Forbidden) -> Seen:
        """Go on without: whoever brings the configurations has to bring the bundle, too."""
        self._failures += 1
        self._log.warning(
            "webhook_bundle_not_published",
            error=error.message,
            remedy="grant get, list, watch and patch on the webhook configurations, "
            "or mount a certificate and say --webhook-cert-dir",
        )
        self._in_force = (b"", 0.0)
        return NOT_ALLOWED

    async def _held(self) -> Held | None:
        """What the vault holds, in use from now on; None if it has to be read once more."""
        held = await self._vault.read()
        if held is not None and held.ring is not None:
            self._use(held.ring)
            return held
        made = self.ring or rings.new(self._names, now=self._clock.wall(), lives=self._lives)
        if held is None:
            with contextlib.suppress(AlreadyExists):
                await self._vault.create(made)
                self._log.info("webhook_certificates_made")
        else:
            self._log.error("webhook_certificates_unreadable", problem=held.problem)
            with contextlib.suppress(Conflict):
                await self._vault.replace(held, made)
        return None

    def _use(self, held: Ring) -> None:
        self.ring = held
        if self._certificate.replace(held.serving):
            expires = facts(held.serving.certificate).not_after.isoformat()
            self._log.info("webhook_certificate_in_use", expires=expires)

    async def _wait(self, time: dt.timedelta) -> None:
        """Wait so long, or until woken."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(time.total_seconds(), 0.0)):
                await self._woken.wait()
