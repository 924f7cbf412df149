"""Who undoes what, how often, and how long that may go on."""

import pytest

from controller.runtime.fights import CAP_SECONDS, FREE, QUIET_SECONDS, Fights
from tests.kit.virtual import VirtualClock

pytestmark = pytest.mark.virtual


def fight(fights, child="c", desired=b"1"):
    """Let a child be undone and put right; return whether users are to be told."""
    fights.undone(child, desired)
    return fights.repaired(child, desired)


async def test_the_first_repairs_are_free_and_then_waits_double():
    """Up to a cap; users are told when waiting begins, once."""
    clock = VirtualClock()
    fights, told, waits = Fights(clock), [], []
    for _ in range(FREE + 12):
        fights.undone("c", b"1")
        waits.append(fights.wait("c", b"1"))
        await clock.sleep(waits[-1])
        assert 0 == fights.wait("c", b"1")
        told.append(fights.repaired("c", b"1"))

    assert [0.0] * FREE == waits[:FREE]
    assert [min(2.0**n, CAP_SECONDS) for n in range(12)] == waits[FREE:]
    assert [FREE - 1] == [place for place, is_told in enumerate(told) if is_told]
    assert 1 == fights.told


async def test_quiet_ends_a_fight():
    """After ten minutes of peace repairs are free again."""
    clock = VirtualClock()
    fights = Fights(clock)
    for _ in range(FREE):
        fight(fights)
    assert fights.wait("c", b"1") > 0

    await clock.sleep(QUIET_SECONDS + 1)
    fights.undone("c", b"1")

    assert 0 == fights.wait("c", b"1")
    assert not fights.repaired("c", b"1")


async def test_another_desired_state_is_another_matter():
    """A change by the owner's user is applied at once, fight or not."""
    fights = Fights(VirtualClock())
    for _ in range(FREE):
        fight(fights)

    assert fights.wait("c", b"1") > 0
    assert 0 == fights.wait("c", b"2")
    assert not fights.repaired("c", b"2")
    assert 0 == fights.wait("other", b"1")


async def test_memory_is_bounded():
    """The children put right longest ago are forgotten first."""
    fights = Fights(VirtualClock(), bound=3)
    for child in "abcad":
        fight(fights, child)

    assert 3 == len(fights)
    assert {"c", "a", "d"} == set(fights._bouts)


async def test_what_is_forgotten_is_counted_anew():
    """A child of the same name has no part in it."""
    fights = Fights(VirtualClock())
    told = [fight(fights) for _ in range(FREE - 1)]
    fights.forget("c")
    fights.forget("never seen")

    assert not any([*told, *(fight(fights) for _ in range(FREE - 1))])
    assert fight(fights)
