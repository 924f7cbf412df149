"""Turns to ask: a crowd has them all, and whoever waits in vain is told."""

import asyncio

import pytest

from informers.clock import LoopClock
from reconcilers.vertice.scaler.pace import PERIOD
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.places import OF_ASKER, Places

pytestmark = pytest.mark.virtual


async def crowd(places, count, seconds):
    """Have so many ask at once, for so long each; return how many had no turn, and when all ended.

    They are scalers of one namespace, whose server is one.
    """
    clock, refused = LoopClock(), 0

    async def ask():
        nonlocal refused
        try:
            async with places.one("namespace", "server"):
                await clock.sleep(seconds)
        except Unanswered:
            refused += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(ask())
    return refused, clock.monotonic()


async def test_a_crowd_that_can_be_answered_between_two_looks_has_its_turns():
    """A thousand of a namespace are an eighth of a thousand rounds, and no error."""
    refused, ended = await crowd(Places(), 1000, 0.1)

    assert (0, pytest.approx(12.5)) == (refused, ended)


async def test_who_has_no_turn_between_two_looks_is_told():
    """Those who had one are not hurried."""
    refused, ended = await crowd(Places(), 3 * OF_ASKER, PERIOD - 1)

    assert (OF_ASKER, 2 * (PERIOD - 1)) == (refused, ended)
