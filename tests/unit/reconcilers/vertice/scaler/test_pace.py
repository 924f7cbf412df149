"""Looks keep their times, whatever happens to one of them."""

import pytest

from reconcilers.vertice.scaler.pace import Pace


def pauses(*looks):
    """Return the pauses after looks at one scaler, each given by when it began and ended."""
    pace = Pace()
    return [pace.pause("ns/web", began=began, now=ended) for began, ended in looks]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        (((100, 101), (115, 115)), [14, 15]),
        (((100, 100), (119, 120)), [15, 10]),
        (((100, 100), (104, 104), (115, 115)), [15, 11, 15]),
        (((100, 100), (129, 129.5), (130, 130)), [15, 1, 15]),
        (((100, 100), (130, 130), (145, 145)), [15, 15, 15]),
        (((100, 117),), [1]),
    ],
    ids=["in time", "late", "called for", "very late", "missed", "slow"],
)
def test_a_look_is_due_every_quarter_of_a_minute(looks, expected):
    """One that is late shortens the next pause; one that was missed is not made up for."""
    assert expected == pauses(*looks)


def test_what_is_gone_is_forgotten():
    """One of the same name begins anew, and has nothing to do with others."""
    pace = Pace()
    assert 15 == pace.pause("ns/web", began=100, now=100)
    assert 15 == pace.pause("ns/api", began=107, now=107)
    for _ in range(2):
        pace.forget("ns/web")

    assert 15 == pace.pause("ns/web", began=107, now=107)
    assert 14 == pace.pause("ns/api", began=108, now=108)
