"""Bounded waits for tests against real servers.

The one place where a test may wait for the world to change: it looks again and again with a small
backoff, comes back the moment the condition holds, and otherwise fails with the last value seen,
so that the message says what was there instead of only that something was not.

    await eventually(lambda: store.get(key))                       # truthy; returns the value
    await eventually(lambda: len(proxy.seen(WRITES)), equals=3)
    await eventually(client.read_status, where=lambda s: s.ready)  # an async probe
    eventually_blocking(lambda: port_is_free(port), within=30)     # in a test without a loop

An AssertionError raised by the probe counts as "not yet", so a probe may assert. Any other
exception fails the test at once: it is not a matter of time.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from informers.clock import LoopClock

T = TypeVar("T")

WITHIN = 10.0
_FIRST, _LAST, _GROWTH = 0.005, 0.25, 1.5
_UNSET: Any = object()
_CLOCK = LoopClock()


async def eventually(
    probe: Callable[[], Awaitable[T] | T],
    *,
    within: float = WITHIN,
    equals: Any = _UNSET,
    where: Callable[[T], object] | None = None,
) -> T:
    """Look until the value is right, and return it.

    Right is equal to `equals`, or accepted by `where`, or truthy when neither is given. `within`
    bounds the whole wait in seconds of the running loop, including a probe that hangs.
    """
    last: Any = _UNSET
    pause = _FIRST
    limit = asyncio.timeout(within)
    try:
        async with limit:
            while True:
                try:
                    seen = probe()
                    last = await seen if inspect.isawaitable(seen) else seen
                    if _is_right(last, equals, where):
                        return cast("T", last)
                except AssertionError as error:
                    last = error
                await _CLOCK.sleep(pause)
                pause = min(pause * _GROWTH, _LAST)
    except TimeoutError:
        if not limit.expired():
            raise
    raise _failure(within, last, equals)


def eventually_blocking(
    probe: Callable[[], T],
    *,
    within: float = WITHIN,
    equals: Any = _UNSET,
    where: Callable[[T], object] | None = None,
) -> T:
    """The same in a test without a loop. A probe that hangs is not interrupted."""
    last: Any = _UNSET
    pause = _FIRST
    end = time.monotonic() + within  # noqa: TID251 - there is no loop to ask
    while True:
        try:
            last = probe()
            if _is_right(last, equals, where):
                return cast("T", last)
        except AssertionError as error:
            last = error
        if time.monotonic() > end:  # noqa: TID251 - as above
            raise _failure(within, last, equals)
        time.sleep(pause)  # noqa: TID251 - as above
        pause = min(pause * _GROWTH, _LAST)


def _is_right(value: Any, equals: Any, where: Callable[[Any], object] | None) -> bool:
    if where is not None:
        return bool(where(value))
    return bool(value) if equals is _UNSET else bool(value == equals)


def _failure(within: float, last: Any, equals: Any) -> AssertionError:
    wanted = "" if equals is _UNSET else f", wanted {equals!r}"
    seen = "the first look never ended" if last is _UNSET else f"last seen: {last!r}"
    failure = AssertionError(f"not within {within:g} s{wanted}; {seen}")
    failure.__cause__ = last if isinstance(last, AssertionError) else None
    return failure
