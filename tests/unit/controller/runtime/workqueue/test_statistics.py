"""Durations in batches: every one of them lands in its bucket, once."""

from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.workqueue.statistics import BOUNDS, Durations


def test_an_empty_histogram_counts_nothing() -> None:
    """No duration, no count."""
    histogram = Durations().snapshot()

    assert (0, 0.0) == (histogram.count, histogram.total)


def test_bounds_are_inclusive_and_the_last_bucket_is_open() -> None:
    """A duration equal to a bound belongs below it, as in Prometheus."""
    durations = Durations()
    for value in (*BOUNDS, 0.0, 1e9):
        durations.record(value)
    counts = durations.snapshot().counts

    assert (2, *[1] * (len(BOUNDS) - 1), 1) == counts


@given(st.lists(st.floats(0, 1e5), max_size=50), st.lists(st.floats(0, 1e5), max_size=50))
def test_folding_in_batches_changes_nothing(first, second) -> None:
    """However durations are split into batches, the histogram is that of all of them."""
    durations = Durations()
    for batch in (first, second):
        for value in batch:
            durations.record(value)
        durations.fold()
    histogram = durations.snapshot()
    edges = zip((-1.0, *BOUNDS), (*BOUNDS, float("inf")), strict=True)
    expected = tuple(sum(low < v <= high for v in first + second) for low, high in edges)

    assert expected == histogram.counts
    assert abs(sum(first + second) - histogram.total) <= 1e-9 * (1 + histogram.total)
