"""Cron expressions in some zones around the changes of their clocks, beside a plain walk.

A sample of `make oracle-cron`; `PENTAD_SEED` repeats a run.
"""

import datetime as dt
import random

import pytest

from controller.runtime.cron import place
from hack.oracle.cron import __main__ as oracle
from tests.kit.virtual import seeds

ZONES, DAYS = 4, 20


@pytest.mark.parametrize("seed", seeds(1), ids="seed={}".format)
def test_what_fires_is_what_a_walk_finds(seed):
    """Forwards and backwards."""
    spans = list(oracle.spans_of(random.Random(seed), zones=ZONES, days=DAYS))
    assert len(spans) >= DAYS
    assert [] == [problem for span in spans for problem in oracle.problems(span)]


def test_every_zone_that_may_be_named_is_walked():
    """Schedules refuse none of them."""
    names = oracle.names()

    assert all(place(name).key == name for name in names)
    assert {"America/St_Johns", "Asia/Kathmandu", "Europe/Lisbon", "UTC"} <= {*names}


def test_what_is_wrong_is_told_and_counted(monkeypatch, capsys):
    """By the exit code as well, whichever process finds it."""
    monkeypatch.setattr("hack.oracle.cron.__main__.EXPRESSIONS", ("0 0 * * *",))
    assert 0 == oracle.main(["--zones=1", "--days=1", "--seed=1"])
    assert capsys.readouterr().out.endswith(" s: 0 wrong\n")

    monkeypatch.setattr(
        "hack.oracle.cron.__main__._walked", lambda spans: [["late"] for _ in spans]
    )
    assert 1 == oracle.main(["--zones=1", "--days=1", "--seed=1"])
    assert "\nlate\n" in capsys.readouterr().out


def test_a_time_that_is_missed_is_found(monkeypatch):
    """A comparison that cannot fail says nothing."""
    monkeypatch.setattr("hack.oracle.cron.__main__._forwards", lambda *_: [])
    begin = dt.datetime(2026, 3, 7, tzinfo=dt.UTC)
    span = oracle.Span("America/New_York", begin, begin + dt.timedelta(days=2))
    assert len(oracle.EXPRESSIONS) - 1 <= len(list(oracle.problems(span)))
