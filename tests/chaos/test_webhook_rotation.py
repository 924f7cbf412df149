"""The webhooks' certificates over months: no API server ever meets one it does not trust."""

import datetime as dt

import pytest

from controller.runtime.webhook.ring import Lives
from tests.chaos.webhook_world import World
from tests.kit.virtual import run_virtual, seeds

DAY = 86_400.0
BRISK = Lives(authority=dt.timedelta(days=30), serving=dt.timedelta(days=3))
"""A dozen generations of authorities in two months, at the shipped time to settle."""


async def begun(world, replicas):
    """Start replicas and wait until every API server has a bundle."""
    for _ in range(replicas):
        world.start_replica()
    await world.clock.sleep(1_800)
    assert all(world.views)


async def disturbed(world, days):
    """Do one thing after another to the replicas, for so many days."""
    end = world.clock.monotonic() + days * DAY
    while world.clock.monotonic() < end:
        await world.clock.sleep(world.random.expovariate(1 / (DAY / 2)))
        replica = world.random.choice(world.replicas)
        match world.random.choice(["restart", "more", "fewer", "cut", "ask", "faults", "delete"]):
            case "restart" if world.secret.value is not None:
                await replica.stop()
                world.start_replica()
            case "more" if len(world.replicas) < 4 and world.secret.value is not None:
                world.start_replica()
            case "fewer" if len(world.replicas) > 2:
                await replica.stop()
            case "cut" if not any(each.is_cut for each in world.replicas):
                replica.is_cut = True
                world.later(world.random.uniform(0, 20 * 3_600), lambda r=replica: mend(r))
            case "ask":
                world.asked = True
                world.changed()
            case "faults":
                world.faults = world.random.choice([0.0, 0.0, 0.1, 0.4])
            case "delete" if is_calm(world):
                world.secret.swap(world.secret.version, None)
                world.changed()
        world.check()


def mend(replica):
    """Let a replica through again."""
    replica.is_cut = False


def is_calm(world):
    """Whether all replicas know the ring; one that has just started would make another.

    So does one that starts while the Secret is gone, before those who know it have put it back:
    what it shows is trusted a minute later, and nothing can be done about that.
    """
    return all(
        not each.is_cut and each.keeper.ring == world.secret.value for each in world.replicas
    )


@pytest.mark.parametrize("seed", seeds(4))
def test_every_certificate_shown_is_trusted_at_every_moment(seed):
    """Restarts, partitions, lost answers, deletions and forced rotations do not open a gap."""

    async def live():
        async with World(seed, lives=BRISK, lag=540) as world:
            await begun(world, 2)
            await disturbed(world, 60)
            return world

    world = run_virtual(live(), seed=seed, limit=400 * DAY)

    assert len(world.signers_seen) > 5
    assert len(world.serving_seen) > 30
    assert world.checks > 1_000


def test_the_check_would_notice():
    """Without the time to settle, an API server that lags meets a certificate it does not trust."""
    rash = Lives(authority=BRISK.authority, serving=BRISK.serving, settle=dt.timedelta())

    async def live():
        async with World(1, lives=rash, lag=540) as world:
            await begun(world, 2)
            await disturbed(world, 60)

    with pytest.raises(BaseExceptionGroup) as raised:
        run_virtual(live(), limit=400 * DAY)

    assert raised.group_contains(AssertionError, match="does not verify")
