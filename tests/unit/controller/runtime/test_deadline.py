"""One moment for all steps of a stop."""

import pytest

from controller.runtime.deadline import Deadline
from tests.kit.virtual import VirtualClock

pytestmark = pytest.mark.virtual


async def test_each_step_has_what_is_left_until_its_moment():
    """What was not needed before is added, and nothing is ever owed."""
    clock = VirtualClock()
    await clock.sleep(100)
    deadline = Deadline(clock, 30.0)
    assert (21, 30) == (deadline.left(0.7), deadline.left())

    await clock.sleep(24)
    assert (0, 3, 6) == (deadline.left(0.7), deadline.left(0.9), deadline.left())
    await clock.sleep(10)
    assert 0 == deadline.left()
