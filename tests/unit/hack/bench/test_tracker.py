"""The peer's side of the protocol."""

import json

from hack.bench.tracker import Tracker


def _events(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_milestones_come_once_and_in_order(capsys):
    """The first and the last Widget are told; reconciling one twice tells nothing."""
    tracker = Tracker(expected=2)
    for name, crc in (("widget-000001", 5), ("widget-000001", 6), ("widget-000000", 7)):
        tracker.reconciled(name, crc, 1)
    tracker.reconciled("widget-000000", 8, 1)
    first, last = _events(capsys)
    assert ("first_reconcile", "reconciled_all", 13) == (
        first["event"],
        last["event"],
        last["checksum"],
    )
    assert first["t"] <= last["t"]


def test_sum_holds_the_latest_of_each(capsys):
    """A later reconcile of a Widget replaces its part of the sum."""
    tracker = Tracker(expected=1)
    tracker.reconciled("widget-000000", 5, 1)
    tracker.reconciled("widget-000000", 9, 2)
    tracker.command("sum\n")
    answer = _events(capsys)[-1]
    assert (9, 2) == (answer["checksum"], answer["reconciles"])


def test_a_resync_is_over_when_every_widget_was_reconciled_again(capsys):
    """`resynced` waits for as many reconciles as there are Widgets."""
    tracker, asked = Tracker(expected=2), []
    for index in range(2):
        tracker.reconciled(f"widget-{index:06d}", 1, 1)
    tracker.command("resync", resync=lambda: asked.append(True))
    tracker.reconciled("widget-000000", 1, 1)
    assert "resynced" not in [event["event"] for event in _events(capsys)]
    tracker.reconciled("widget-000001", 1, 1)
    assert [True] == asked
    assert ["resynced"] == [event["event"] for event in _events(capsys)]


def test_times_are_kept_only_when_asked(capsys):
    """A long run without latencies does not fill the peer's memory."""
    for record in (False, True):
        tracker = Tracker(expected=1, record=record)
        tracker.reconciled("widget-000000", 1, 41)
        tracker.command("report")
        times = _events(capsys)[-1]["times"]
        assert ([41] if record else []) == [seq for seq, _ in times]


def test_unknown_words_are_refused(capsys):
    """A harness of another version is told so, not ignored."""
    Tracker(expected=1).command("dance")
    assert "refused" == _events(capsys)[0]["event"]
