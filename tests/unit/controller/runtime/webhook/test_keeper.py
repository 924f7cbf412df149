"""The keeper: what it does when things are not as they should be."""

import asyncio
import datetime as dt

import pytest

from controller.runtime.webhook.injection import NOT_ALLOWED, _injections
from controller.runtime.webhook.keeper import LOOK_AGAIN, Keeper
from controller.runtime.webhook.ring import Lives
from controller.runtime.webhook.serving import ServingCertificate
from controller.runtime.webhook.vault import Held, MemoryVault
from informers.errors import Conflict, Forbidden, TransportError
from tests.chaos.webhook_world import HOST, Silence
from tests.kit.virtual import VirtualClock

pytestmark = pytest.mark.virtual

LIVES = Lives()
SETTLE = LIVES.settle.total_seconds()


class Board:
    """A publisher whose configuration anybody may overwrite."""

    def __init__(self):
        self.bundle = b""
        self.error = None

    async def look(self):
        """Look at it."""
        if self.error:
            raise self.error
        return {"bundle": self.bundle}

    async def publish(self, seen, bundle):
        """Write it."""
        assert seen is not NOT_ALLOWED
        self.bundle = bundle
        return seen["bundle"] == bundle

    async def withdraw(self):
        """Nothing."""


class Complaints(Silence):
    """A log that keeps what is said."""

    def __init__(self):
        self.events = []

    def info(self, event, /, **_):
        """Keep it."""
        self.events.append(event)

    debug = warning = error = info


class Parts:
    """A keeper and what it works with."""

    def __init__(self):
        self.vault, self.board, self.log = MemoryVault(), Board(), Complaints()
        self.certificate, self.clock = ServingCertificate(), VirtualClock()
        self.keeper = Keeper(
            self.vault,
            self.board,
            self.certificate,
            names=[HOST],
            clock=self.clock,
            log=self.log,
            lives=LIVES,
        )

    async def tended(self):
        """Tend until nothing is left to do now; return for how long."""
        await self.keeper.open()
        while (wait := await self.keeper.tend()) <= dt.timedelta():
            pass
        return wait


async def test_a_rotation_takes_its_steps():
    """Announced and published, then a time to settle, then handed over."""
    parts = Parts()
    assert LOOK_AGAIN == await parts.tended()
    first = parts.keeper.ring

    parts.vault.ask()
    assert SETTLE == pytest.approx((await parts.tended()).total_seconds())
    announced = parts.keeper.ring
    assert 2 == len(announced.authorities)
    assert announced.bundle == parts.board.bundle
    assert first.serving == parts.certificate.pair

    await parts.clock.sleep(SETTLE)
    await parts.tended()
    assert announced.announced == parts.keeper.ring.signer
    assert parts.keeper.ring.serving == parts.certificate.pair
    assert (2, 2) == (parts.certificate.replacements, parts.keeper.statistics().authorities)


async def test_a_bundle_overwritten_has_to_settle_again():
    """The announced authority signs only after the API server could see it all the time."""
    parts = Parts()
    await parts.tended()
    parts.vault.ask()
    await parts.tended()

    await parts.clock.sleep(SETTLE - 1)
    parts.board.bundle = b"an older one"
    wait = await parts.tended()

    assert SETTLE == pytest.approx(wait.total_seconds())
    assert parts.keeper.ring.announced is not None
    assert parts.keeper.ring.bundle == parts.board.bundle


async def test_without_permission_to_publish_nothing_is_handed_over():
    """The certificates are kept, the log says what is missing, nobody relies on the bundle."""
    parts = Parts()
    parts.board.error = Forbidden("no", code=403)
    await parts.tended()
    parts.vault.ask()
    await parts.tended()
    await parts.clock.sleep(10 * SETTLE)
    await parts.tended()

    assert parts.keeper.ring.announced is not None
    assert "webhook_bundle_not_published" in parts.log.events
    assert parts.keeper.statistics().failures >= 3


async def test_what_cannot_be_read_is_replaced_by_what_is_in_use():
    """A Secret that somebody spoilt, or deleted, comes back as it was."""
    parts = Parts()
    await parts.tended()
    before = parts.keeper.ring

    parts.vault._held = Held(ring=None, problem="spoilt")
    await parts.tended()
    assert before == parts.vault._held.ring
    assert "webhook_certificates_unreadable" in parts.log.events

    parts.vault._held = None
    await parts.tended()
    assert before == parts.vault._held.ring
    assert 1 == parts.certificate.replacements


@pytest.mark.parametrize(
    "error",
    [TransportError("no answer"), Conflict("an entry of somebody else is invalid", code=422)],
    ids=["no answer", "a conflict that does not pass"],
)
async def test_failures_are_tried_again(error):
    """An API server that does not do what it is asked is asked again, ever more slowly."""
    parts = Parts()
    await parts.tended()
    parts.board.error = error

    async def mend():
        await parts.clock.sleep(600)
        parts.board.error = None
        parts.vault.ask()

    async def keep():
        async with asyncio.timeout(1_200), asyncio.TaskGroup() as group:
            group.create_task(mend())
            await parts.keeper.run()

    with pytest.raises(TimeoutError):
        await keep()

    assert 10 <= parts.keeper.statistics().failures <= 60
    assert 2 == parts.keeper.statistics().authorities


def test_only_our_entries_that_differ_are_changed():
    """By name, with a Service, and with another bundle; each guarded by its name."""
    service = {"service": {"name": "s"}}
    found = {
        "webhooks": [
            {"name": "mine", "clientConfig": service},
            {"name": "other", "clientConfig": service},
            {"name": "right", "clientConfig": service | {"caBundle": "new"}},
            {"name": "away", "clientConfig": {"url": "https://elsewhere"}},
            {"name": "old", "clientConfig": service | {"caBundle": "old"}},
        ]
    }

    edits = _injections(found, {"mine", "right", "away", "old"}, "new")

    assert [
        ("test", "/webhooks/0/name", "mine"),
        ("add", "/webhooks/0/clientConfig/caBundle", "new"),
        ("test", "/webhooks/4/name", "old"),
        ("add", "/webhooks/4/clientConfig/caBundle", "new"),
    ] == [(edit.op, edit.path, edit.value) for edit in edits]
    assert [] == _injections({"webhooks": None}, {"mine"}, "new")
