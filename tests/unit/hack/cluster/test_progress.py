"""Long work is told of, quick work is not."""

import io

import pytest

from hack.cluster.progress import Progress, span
from informers.clock import LoopClock

pytestmark = pytest.mark.virtual


async def told(seconds, **options):
    """Return the lines printed for work that takes so long."""
    out = io.StringIO()
    async with Progress(out).step("building", **options):
        await LoopClock().sleep(seconds)
    return out.getvalue().splitlines()


async def test_quick_work_is_silent():
    """Nothing is printed for what takes under two seconds."""
    assert await told(1.9) == []


async def test_long_work_shows_signs_of_life_and_its_time():
    """A line after two seconds, one every ten seconds after that, and one at the end."""
    assert await told(14) == [
        "building: running for 2.0 s",
        "building: running for 12.0 s",
        "building: done after 14.0 s",
    ]


async def test_detail_is_what_is_going_on_now():
    """The newest detail stands beside the title."""
    details = iter(["one", "two"])

    assert await told(3, detail=lambda: next(details)) == [
        "building (one): running for 2.0 s",
        "building (two): done after 3.0 s",
    ]


async def test_failure_is_not_called_done():
    """Work that fails is not said to be done."""
    out = io.StringIO()

    async def fail():
        async with Progress(out).step("building"):
            await LoopClock().sleep(5)
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await fail()

    assert out.getvalue().splitlines() == ["building: running for 2.0 s"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 m 00 s"), (301.2, "5 m 01 s")],
)
def test_span_is_short(seconds, expected):
    """Lengths of time are given in seconds, from a minute on in minutes and seconds."""
    assert expected == span(seconds)
