"""The garbage collector set aside and put back, and memory given back."""

import asyncio
import gc
import os
from pathlib import Path

import pytest

from controller.runtime import memory
from controller.runtime.memory import GIVE_BACK_SECONDS, THRESHOLDS, settle, unsettle
from tests.kit.virtual import VirtualClock


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


def test_holes_between_what_lives_are_given_back():
    """Most of 32 MB freed in pieces leaves the process, though pieces between them live on."""
    pieces = [os.urandom(20_000) for _ in range(2_000)]
    kept = pieces[::5]
    pieces.clear()
    before = _resident_mb()
    memory.give_back()
    assert 400 == len(kept)
    assert before - _resident_mb() > 20


@pytest.mark.virtual
async def test_memory_is_given_back_again_and_again(monkeypatch):
    """Once in each interval."""
    clock, given = VirtualClock(), []
    monkeypatch.setattr(memory, "give_back", lambda: given.append(clock.monotonic()))
    began = clock.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3.5 * GIVE_BACK_SECONDS):
            await memory.give_back_regularly(clock)
    assert [GIVE_BACK_SECONDS * n for n in (1, 2, 3)] == pytest.approx([at - began for at in given])


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
