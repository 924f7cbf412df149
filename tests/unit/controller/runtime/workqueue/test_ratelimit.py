"""Waits after failures: doubled per key, spread, capped, and limited over all keys."""

import random

import pytest

from controller.runtime.workqueue.ratelimit import (
    MAX_WAIT,
    ItemBackoff,
    LongestOf,
    TokenBucket,
    default_limiter,
)


def _delays(limiter, count, *, key="a", now=0.0):
    return [limiter.next_delay(key, now=now) for _ in range(count)]


def test_each_failure_doubles_the_wait_up_to_the_cap() -> None:
    """Without jitter the waits are 5 ms·2ⁿ, and the cap from then on."""
    expected = [min(0.005 * 2**n, 300.0) for n in range(40)]

    assert expected == _delays(ItemBackoff(jitter=0), 40)


def test_a_key_may_fail_for_ever() -> None:
    """Ten thousand failures in a row neither overflow nor exceed the cap."""
    assert MAX_WAIT == _delays(ItemBackoff(jitter=0), 10_000)[-1]


def test_jitter_takes_up_to_its_share_off() -> None:
    """Waits spread over the whole share below the exact one and never exceed it."""
    limiter = ItemBackoff(first=1.0, jitter=0.2, rng=random.Random(5))
    waits = [limiter.next_delay(i, now=0.0) for i in range(1000)]

    assert 0.8 < min(waits) < 0.801
    assert 0.999 < max(waits) <= 1.0


def test_keys_fail_independently_and_are_forgotten() -> None:
    """A failure of one key costs another nothing; forgetting starts a key afresh."""
    limiter = ItemBackoff(jitter=0)
    _delays(limiter, 5, key="a")
    assert [0.005] == _delays(limiter, 1, key="b")
    assert (5, 1, 0, 2) == (*(limiter.num_requeues(key) for key in "abc"), len(limiter))

    limiter.forget("a")
    limiter.forget("never-seen")
    assert [0.005] == _delays(limiter, 1, key="a")
    limiter.forget("a")
    limiter.forget("b")
    assert 0 == len(limiter)


def test_the_bucket_lets_a_burst_pass_then_spreads() -> None:
    """A hundred retries wait for nothing, the next ones for a token each, ten a second."""
    delays = _delays(TokenBucket(), 110)

    assert [0.0] * 100 == delays[:100]
    assert pytest.approx([0.1 * i for i in range(1, 11)]) == delays[100:]


def test_the_bucket_fills_again_but_never_over_its_burst() -> None:
    """Tokens come back at the rate, and a long rest earns one burst and not more."""
    bucket = TokenBucket(rate=10, burst=5)
    _delays(bucket, 5)
    assert [0.0, pytest.approx(0.1)] == _delays(bucket, 2, now=0.1)
    assert [0.0] * 5 == _delays(bucket, 5, now=1e6)
    assert 0.0 < bucket.next_delay("a", now=1e6)


def test_no_retry_waits_longer_than_the_cap() -> None:
    """Ten thousand keys that fail at once wait five minutes at most, and the debt ends there."""
    limiter = default_limiter()
    waits = [limiter.next_delay(i, now=0.0) for i in range(10_000)]

    assert max(waits) == MAX_WAIT
    assert MAX_WAIT / 2 >= limiter.next_delay("other", now=MAX_WAIT / 2 + 1)


def test_a_clock_that_steps_back_takes_no_tokens_away() -> None:
    """Going back an hour neither empties the bucket nor fills it over its burst."""
    bucket = TokenBucket(burst=3)
    bucket.next_delay("a", now=3600.0)
    assert [0.0, 0.0] == _delays(bucket, 2, now=0.0)
    assert [0.0] * 3 == _delays(bucket, 3, now=3600.0)


def test_the_longer_wait_wins() -> None:
    """Early failures of many keys wait for tokens, late failures of one key for its back-off."""
    limiter = LongestOf((ItemBackoff(jitter=0), TokenBucket(burst=1)))

    assert 0.005 == limiter.next_delay("a", now=0.0)
    assert pytest.approx(0.1) == limiter.next_delay("b", now=0.0)
    waits = [limiter.next_delay("a", now=100.0 * i) for i in range(1, 7)]
    assert pytest.approx(0.005 * 2**6) == waits[-1]
    assert (7, 2) == (limiter.num_requeues("a"), len(limiter))


def test_forget_reaches_every_limiter() -> None:
    """Forgetting through the combination leaves nothing behind."""
    limiter = default_limiter(rng=random.Random(1))
    _delays(limiter, 3)
    limiter.forget("a")

    assert (0, 0) == (limiter.num_requeues("a"), len(limiter))
