"""A world for the webhooks' certificates: replicas, a Secret, a configuration, two API servers.

Only what is not ours is modelled, by its contract: a Secret and a configuration that are changed
by compare-and-swap, answer late or not at all, and are seen by the API servers with a lag. The
keepers, the ring and the certificates are the shipped ones; a real X.509 verifier judges them.
"""

import asyncio
import contextlib
import datetime as dt
import random
from collections.abc import Iterator

import attrs
from cryptography import x509
from cryptography.x509 import verification

from controller.runtime.webhook.certs import split
from controller.runtime.webhook.keeper import Keeper
from controller.runtime.webhook.ring import Lives, Ring
from controller.runtime.webhook.serving import ServingCertificate
from controller.runtime.webhook.vault import Held
from informers.errors import AlreadyExists, Conflict, TransportError
from informers.meta.builtin import VALIDATING_WEBHOOK
from tests.kit.virtual import VirtualClock

HOST = "pentad-webhook.pentad-system.svc"
SERVERS = 2
AGAIN = 21_600.0
"""Seconds after which what verified once is verified again: it may have expired."""


class Silence:
    """A log that nobody reads."""

    def info(self, event, /, **fields):
        """Ignore it."""

    debug = warning = error = info


@attrs.define
class Cell:
    """One object of the API: a value and its version."""

    value: object = None
    version: int = 0

    def swap(self, version, value):
        """Change it if it is at this version."""
        if version != self.version:
            raise Conflict("it has changed", code=409)
        self.value, self.version = value, self.version + 1


class World:
    """The cluster's side of the certificates' life."""

    def __init__(self, seed: int, *, lives: Lives, lag: float) -> None:
        self.random = random.Random(seed)
        self.clock = VirtualClock()
        self.lives = lives
        self.lag = lag
        self.secret = Cell()
        self.asked = False
        self.bundle = Cell(b"")
        self.views = [b""] * SERVERS
        self.replicas: list[Replica] = []
        self.checks = 0
        self.faults = 0.0
        self.serving_seen: set[bytes] = set()
        self.signers_seen: set[bytes] = set()
        self._verified: dict[tuple[bytes, bytes], float] = {}
        self._group: asyncio.TaskGroup | None = None

    async def __aenter__(self):
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error):
        for replica in list(self.replicas):
            await replica.stop()
        return await self._group.__aexit__(*error)

    def start_replica(self) -> "Replica":
        """One more replica."""
        replica = Replica(self)
        replica.task = self._group.create_task(replica.run())
        self.replicas.append(replica)
        return replica

    def later(self, seconds: float, act) -> None:
        """Do it in so many seconds."""

        async def wait():
            await self.clock.sleep(seconds)
            act()

        self._group.create_task(wait())

    def changed(self) -> None:
        """Let the watches tell the replicas, each in its time; some never hear of it."""
        for replica in self.replicas:
            if self.random.random() < 0.9:
                self.later(self.random.uniform(0, 60), replica.keeper.wake)

    def publish(self, bundle: bytes) -> None:
        """Let the API servers see a new bundle, each in its time but in order."""
        for i in range(SERVERS):
            self.later(self.random.uniform(0, self.lag), lambda i=i, b=bundle: self._see(i, b))

    def _see(self, server: int, bundle: bytes) -> None:
        if self.bundle.value != bundle:
            bundle = self.bundle.value  # a watch never goes back
        self.views[server] = bundle
        self.check()

    def check(self) -> None:
        """Every certificate that is shown verifies at every API server, now."""
        now, mono = self.clock.wall(), self.clock.monotonic()
        for replica in self.replicas:
            if replica.certificate.pair is None or not all(self.views):
                continue
            for view in self.views:
                what = (replica.certificate.pair.certificate, view)
                self.checks += 1
                if mono - self._verified.get(what, -AGAIN) >= AGAIN:
                    verify(*what, now)
                    self._verified[what] = mono


def verify(certificate: bytes, bundle: bytes, now: dt.datetime) -> None:
    """Verify as a careful client does."""
    authorities = [x509.load_pem_x509_certificate(pem) for pem in split(bundle)]
    policy = verification.PolicyBuilder().store(verification.Store(authorities)).time(now)
    leaf = x509.load_pem_x509_certificate(certificate)
    try:
        policy.build_server_verifier(x509.DNSName(HOST)).verify(leaf, [])
    except verification.VerificationError as error:
        raise AssertionError(
            f"{now}: a certificate valid {leaf.not_valid_before_utc} to {leaf.not_valid_after_utc} "
            f"does not verify under {len(authorities)} authorities: {error}"
        ) from error


class Replica:
    """A keeper and its way to the cluster: its vault and its publisher at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.certificate = ServingCertificate()
        self.is_cut = False
        self.task: asyncio.Task[None] | None = None
        self.keeper = Keeper(
            self,
            self,
            self.certificate,
            names=[HOST],
            clock=world.clock,
            log=Silence(),
            lives=world.lives,
            rng=world.random,
        )

    async def run(self) -> None:
        """Live until cancelled."""
        while True:
            try:
                await self.keeper.open()
            except (TransportError, Conflict):
                await self.world.clock.sleep(5)
            else:
                break
        await self.keeper.run()

    async def stop(self) -> None:
        """End."""
        self.world.replicas.remove(self)
        self.task.cancel()
        await asyncio.wait([self.task])

    @contextlib.asynccontextmanager
    async def _request(self) -> Iterator[None]:
        """Take the time of a request; fail before it, or after it was granted."""
        chance = self.world.random
        await self.world.clock.sleep(chance.uniform(0, 2))
        if self.is_cut or chance.random() < self.world.faults:
            raise TransportError("cut")
        yield
        if chance.random() < self.world.faults:
            raise TransportError("the answer was lost")

    # The vault

    async def read(self) -> Held | None:
        """Read the Secret."""
        async with self._request():
            cell = self.world.secret
            if cell.value is None:
                return None
            return Held(ring=cell.value, asked=self.world.asked, source=cell.version)

    async def create(self, made: Ring) -> None:
        """Create the Secret."""
        async with self._request():
            if self.world.secret.value is not None:
                raise AlreadyExists("there", code=409)
            self._keep(self.world.secret.version, made)

    async def replace(self, held: Held, following: Ring) -> None:
        """Update the Secret."""
        async with self._request():
            self._keep(held.source, following)
            self.world.asked = False

    def _keep(self, version: int, ring: Ring) -> None:
        self.world.secret.swap(version, ring)
        self.world.signers_seen.add(ring.signer.certificate)
        self.world.serving_seen.add(ring.serving.certificate)
        self.world.changed()

    # The publisher

    async def look(self):
        """Read the configuration."""
        async with self._request():
            return {VALIDATING_WEBHOOK: (self.world.bundle.version, self.world.bundle.value)}

    async def publish(self, seen, bundle: bytes) -> bool:
        """Patch the configuration."""
        version, there = seen[VALIDATING_WEBHOOK]
        self.world.check()  # what was read just now may be in use by now
        if there == bundle:
            return True
        async with self._request():
            self.world.bundle.swap(version, bundle)
            self.world.publish(bundle)
            self.world.changed()
        return False

    async def withdraw(self) -> None:
        """Nothing."""
