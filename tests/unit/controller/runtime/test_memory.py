"""The garbage collector set aside, and put back."""

import gc

from controller.runtime.memory import THRESHOLDS, settle, unsettle


def test_settling_freezes_what_lives_and_unsettling_undoes_it():
    """As often as it is called; what came since is frozen by the next call."""
    before = gc.get_threshold()
    try:
        settle()
        first = gc.get_freeze_count()
        kept = [[n] for n in range(1000)]
        settle()

        assert THRESHOLDS == gc.get_threshold()
        assert first > 0
        assert gc.get_freeze_count() >= first + len(kept)
    finally:
        unsettle()
    assert (before, 0) == (gc.get_threshold(), gc.get_freeze_count())
    unsettle()
    assert before == gc.get_threshold()
