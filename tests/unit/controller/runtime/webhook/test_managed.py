"""Certificates that the manager keeps itself, when it ends."""

import asyncio

import attrs
import pytest

from controller.runtime.webhook.managed import ManagedCertificates
from informers.errors import TransportError
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Kept

pytestmark = pytest.mark.virtual


@attrs.define
class Publisher:
    """Takes back what leads here, or cannot."""

    trouble: str = ""
    is_withdrawn: bool = False

    async def withdraw(self):
        """Do so."""
        if self.trouble == "silence":
            await asyncio.Event().wait()
        if self.trouble:
            raise TransportError(self.trouble)
        self.is_withdrawn = True


@pytest.mark.parametrize(
    ("trouble", "says", "seconds"),
    [
        ("", [], 0),
        ("cut", [{"error": "cut"}], 0),
        ("silence", [{"error": "there was no answer within 2.5 s"}], 2.5),
    ],
    ids=["withdrawn", "refused", "no answer"],
)
async def test_what_leads_here_is_taken_back_within_the_limit(trouble, says, seconds):
    """What could not be done is told; a server that says nothing holds nobody up."""
    clock, log, publisher = VirtualClock(), Kept(), Publisher(trouble)
    source = ManagedCertificates(None, None, publisher, None, (), "ns", log)

    await source.close(limit=2.5)

    assert says == log.told("webhook_configurations_left_behind")
    assert (seconds, not trouble) == (clock.monotonic(), publisher.is_withdrawn)
