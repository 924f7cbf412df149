"""Delays: client-go's, spread, bounded, and forgotten after quiet."""

import random

import pytest

from informers.backoff import CAP_SECONDS, FIRST_SECONDS, RESET_SECONDS, Backoff


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        """Return the time."""
        return self.now


class Dice:
    """Always throws the same."""

    def __init__(self, value):
        self.value = value

    def random(self):
        """Throw."""
        return self.value


@pytest.fixture
def clock():
    """Return a clock that stands."""
    return Clock()


@pytest.mark.parametrize(
    ("thrown", "expected"),
    [
        (0.0, [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]),
        (0.5, [1.2, 2.4, 4.8, 9.6, 19.2, 38.4, 45.0, 45.0]),
    ],
)
def test_delays_double_up_to_their_cap(clock, thrown, expected):
    """Each spread over its double, from 800 ms to 30 s."""
    backoff = Backoff(clock, Dice(thrown))

    assert expected == pytest.approx([backoff.next_delay() for _ in expected])


def test_a_thousand_clients_do_not_come_back_together(clock):
    """Their first delays fill the whole span evenly."""
    rng = random.Random(5)
    delays = sorted(Backoff(clock, rng).next_delay() for _ in range(1000))

    assert FIRST_SECONDS <= delays[0] < delays[-1] < 2 * FIRST_SECONDS
    assert 1.5 * FIRST_SECONDS == pytest.approx(delays[500], rel=0.05)


@pytest.mark.parametrize(
    ("quiet", "expected"),
    [
        (RESET_SECONDS, 12.8),
        (RESET_SECONDS + CAP_SECONDS, 12.8),
        (RESET_SECONDS + CAP_SECONDS + 0.1, FIRST_SECONDS),
    ],
    ids=["the delay is no quiet", "at the border", "beyond"],
)
def test_failures_are_forgotten_after_quiet(clock, quiet, expected):
    """Two minutes, besides the longest delay that may have been part of them."""
    backoff = Backoff(clock, Dice(0.0))
    for _ in range(4):
        backoff.next_delay()
    clock.now += quiet

    assert expected == pytest.approx(backoff.next_delay())


def test_ten_thousand_failures_are_as_cheap_as_ten(clock):
    """The power behind the delay does not grow for ever."""
    backoff = Backoff(clock, Dice(0.0), first=0.001, cap=1e9, reset=60)
    for _ in range(10_000):
        last = backoff.next_delay()

    assert 0.001 * 2**16 == last


def test_success_ends_the_count(clock):
    """What worked since says more of the server than what failed before."""
    backoff = Backoff(clock, Dice(0.0))
    for _ in range(6):
        backoff.next_delay()

    backoff.reset()

    assert [FIRST_SECONDS, 2 * FIRST_SECONDS] == [backoff.next_delay() for _ in range(2)]
