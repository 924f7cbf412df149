"""Somebody who sets a number back each time that a scaler changed it."""

import pytest

from controller.runtime.fights import FREE
from tests.integration.vertice.test_scaler import becomes, events

SAID = (
    f"from 3 to 1 pods: somebody has set the number back {FREE} times, each within 10 "
    "minutes of the last, so leave spec.replicas out of what is applied, or delete this scaler"
)


def warnings(world):
    """Return what was told of it."""
    return [message for reason, message in events(world) if reason == "SetBack"]


async def fought(world, times, *, told=()):
    """Set the number back so often, and see that it comes back each time."""
    for _ in range(times):
        assert [*told] == warnings(world)
        world.scale(1)
        world.look()
        await becomes(world.replicas, 3)


@pytest.mark.usefixtures("host")
async def test_who_sets_a_number_back_again_and_again_is_told_of_and_not_given_way_to(world):
    """Pods that are wanted come back each time, and once it is said how to end that."""
    world.deploy(replicas=1)
    world.create(minReplicas=3)
    await becomes(world.replicas, 3)

    await fought(world, FREE)
    await becomes(lambda: warnings(world), [SAID])

    await fought(world, 1, told=[SAID])


@pytest.mark.usefixtures("host")
async def test_what_the_scaler_takes_back_itself_is_no_fight(world):
    """However often it goes up and down, after somebody else did it once."""
    world.deploy(replicas=1)
    world.create(minReplicas=3)
    await becomes(world.replicas, 3)
    await fought(world, 1)

    for _ in range(FREE):
        world.change(minReplicas=1, maxReplicas=1)
        await becomes(world.replicas, 1)
        world.change(minReplicas=3, maxReplicas=10)
        await becomes(world.replicas, 3)
    await fought(world, FREE - 1)
    await becomes(lambda: warnings(world), [SAID])
