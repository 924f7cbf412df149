"""The instruments: usage, quantiles, counters, and what a failing peer leaves behind."""

import os
import sys

import pytest

from hack.bench.api import count_writes
from hack.bench.process import PeerError, Process
from hack.bench.scenarios.children import Nursery
from hack.bench.scenarios.latency import latencies_of, quantile
from hack.bench.scenarios.relist import catch_up
from hack.bench.usage import usage_of

_METRICS = """\
apiserver_request_total{code="200",resource="configmaps",verb="GET",version="v1"} 100
apiserver_request_total{code="201",resource="configmaps",verb="POST",version="v1"} 7
apiserver_request_total{code="200",resource="configmaps",verb="APPLY",version="v1"} 2
apiserver_request_total{code="200",resource="widgets",verb="PATCH",version="v1alpha1"} 5
apiserver_current_inflight_requests{resource="configmaps",verb="POST"} 9
"""


@pytest.mark.parametrize(
    ("resource", "expected"), [("configmaps", 9), ("widgets", 5), ("pods", 0)], ids=str
)
def test_only_writes_of_the_resource_are_counted(resource, expected):
    """Reads, other resources and other metrics are no writes."""
    assert expected == count_writes(_METRICS, resource=resource)


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.0, 1.0), (0.5, 51.0), (0.99, 100.0), (1.0, 100.0)], ids=str
)
def test_quantile_is_the_nearest_rank(fraction, expected):
    """A quantile is a value that was measured, never one between two."""
    assert expected == quantile([float(n) for n in range(1, 101)], fraction)


def test_latency_counts_the_first_reconcile_of_each_change():
    """Later reconciles of the same spec do not make an update look slow."""
    times = [(1, 2_000_000_000), (1, 9_000_000_000), (7, 1), (2, 5_000_000_000)]
    assert {1: (2.0, 1.0), 2: (5.0, 1.5)} == latencies_of({1: 1.0, 2: 3.5}, times)


def test_a_change_never_reconciled_is_an_error():
    """Missing updates end the run instead of dropping out of the statistics."""
    with pytest.raises(PeerError, match="1 of 2 updates"):
        latencies_of({1: 1.0, 2: 1.0}, [(1, 2_000_000_000)])


def test_usage_counts_time_and_memory_of_this_process():
    """CPU is finer than a clock tick and grows with work; the peak is no less than the rest."""
    before = usage_of(os.getpid())
    sum(range(200_000))
    after = usage_of(os.getpid())
    assert 0 < after.cpu_s - before.cpu_s < 5
    assert after.peak_mb >= after.rss_mb > 1


def test_usage_of_a_process_that_is_gone_is_nothing():
    """A peer that has just ended is no reason to fail."""
    assert 0.0 == usage_of(2**22 - 1).cpu_s


@pytest.mark.parametrize(
    ("program", "message"),
    [("import sys; sys.exit(3)", "the peer ended"), ("input()", "no 'ready' within")],
    ids=["dies", "silent"],
)
async def test_a_peer_that_fails_is_told_with_its_last_words(program, message, tmp_path):
    """The error carries the tail of what the peer wrote."""
    argv = [sys.executable, "-c", f"import sys; print('why', file=sys.stderr); {program}"]
    async with await Process.start(argv, kubeconfig=tmp_path, log=tmp_path / "log") as process:
        with pytest.raises(PeerError, match=message) as failed:
            await process.wait_milestone("ready", timeout=2)
    assert "why" in str(failed.value)


async def test_a_peer_that_ended_is_not_measured(tmp_path):
    """A dead process idles perfectly; that must not become a figure."""
    argv = [sys.executable, "-c", "pass"]
    async with await Process.start(argv, kubeconfig=tmp_path, log=tmp_path / "log") as process:
        await process.stop()
        with pytest.raises(PeerError, match="the peer ended"):
            process.usage()


def test_nursery_counts_each_restored_child_once():
    """Restored means: another uid than those that were deleted."""
    nursery = Nursery()
    nursery.see("ADDED", "a", "1")
    nursery.doomed = frozenset({"1"})
    nursery.see("DELETED", "a", "1")
    nursery.see("ADDED", "a", "2")
    nursery.see("MODIFIED", "a", "2", colour="foreign")
    nursery.see("MODIFIED", "a", "2", colour="blue")
    assert (1, {"a": "2"}, set(), {"a"}) == (
        nursery.restored,
        nursery.alive,
        nursery.foreign,
        nursery.touched,
    )


def test_catching_up_is_the_longest_wait_after_each_cut():
    """An update belongs to the cut before it, or to the one that came right after it was sent."""
    latencies = {0.5: 9.0, 0.98: 0.7, 1.5: 0.2, 1.97: 0.4, 2.5: 0.1}
    assert [0.7, 0.4, 0.0] == catch_up(latencies, [1.0, 2.0, 3.0])
