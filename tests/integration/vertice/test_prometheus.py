"""Queries to a real Prometheus: what it answers, and how old that may be."""

import datetime as dt

import attrs
import pytest

from informers.clock import LoopClock
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.prometheus import Queries
from reconcilers.vertice.scaler.reading.server import Server
from tests.integration.vertice.world import WITHIN
from tests.kit.eventually import eventually
from tests.kit.prometheus import Target
from tests.kit.scripted import ScriptedServer

TEXT = (("Content-Type", "text/plain; version=0.0.4"),)
HOUR = dt.timedelta(hours=1)


@attrs.define
class Page:
    """What is scraped, as it is now."""

    text: str | None = ""

    async def serve(self, peer):
        """Serve it as often as it is asked for, while there is one."""
        while True:
            await peer.request()
            if self.text is None:
                return await peer.cut("rst")
            await peer.reply(self.text.encode(), headers=TEXT)


class Off(LoopClock):
    """A clock that is wrong."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def wall(self):
        """The time of day, as it thinks."""
        return dt.datetime.now(dt.UTC) + self.by


@attrs.frozen
class World:
    """A Prometheus, what it scrapes, and who asks it."""

    page: Page
    server: Server
    queries: Queries

    def now(self):
        """Return the seconds since 1970."""
        return LoopClock().wall().timestamp()

    async def ask(self, query, *, max_age=300.0, queries=None):
        """Return the thousandths that a query finds, or the reason why it finds none."""
        try:
            found = await (queries or self.queries).ask(self.server, query, max_age=max_age)
        except Unanswered as why:
            return str(why)
        return found.value


@pytest.fixture
async def world(prometheus):
    """Return a Prometheus that scrapes a page of the test."""
    page, queries = Page(), Queries(LoopClock())
    with ScriptedServer(always=page.serve) as target:
        started = prometheus([Target(f"127.0.0.1:{target.port}", {"job": "a"})])
        yield World(page, Server(address=started.url), queries)
        await queries.close()


def gauge(name, value, *labels, age=None):
    """Return a line of a page; with an age, it says itself when it was measured."""
    at = "" if age is None else f" {(dt.datetime.now(dt.UTC).timestamp() - age) * 1000:.0f}"
    return f"{name}{{{','.join(labels)}}} {value}{at}\n"


NO_SERIES = "the query finds no series with a sample younger than maxAge"
ANSWERS = {
    "sum(jobs)": 6_500,
    "scalar(sum(jobs))": 6_500,
    "sum(jobs) / 3": 2_167,
    "vector(0)": 0,
    "sum(nothing) or vector(0)": 0,
    "sum(nothing)": NO_SERIES,
    "jobs": "the query finds 2 series, such as jobs{instance=",
    "sum(jobs) / 0": "the value is +Inf",
    "0 * sum(jobs) / 0": "the value is NaN",
    "-sum(jobs)": "the value is -6.5, below zero",
    "sum(jobs) * 1e18": "more than Kubernetes counts",
    "jobs[1m]": "the query asks for a range",
    '"jobs"': "the answer is a string",
    "sum(jobs": "the query failed (400: bad_data: invalid parameter",
    "jobs * on() jobs": "the query failed (422: execution: ",
    "histogram_quantile(7, sum by (le) (bucket))": "the answer may lack something: PromQL warning",
    "rate(sum(jobs)[5m])": "the query failed (400: bad_data: ",
    "# " + "x" * 8_000 + "\nsum(jobs)": 6_500,
}


def told(value, expected):
    """Return the part of an answer that is held against what is expected."""
    return expected if isinstance(value, str) and str(expected) in value else value


async def test_answers_are_numbers_or_reasons(world):
    """Of every sort that there is, and of queries that are none; long ones, too."""
    world.page.text = (
        gauge("jobs", 4, 'queue="a"')
        + gauge("jobs", 2.5, 'queue="b"')
        + gauge("bucket", 1, 'le="+Inf"')
        + gauge("bucket", 1, 'le="1"')
    )
    await eventually(lambda: world.ask("sum(jobs)"), equals=6_500, within=WITHIN)

    assert ANSWERS == {
        query: told(await world.ask(query), expected) for query, expected in ANSWERS.items()
    }


async def test_what_vanished_is_gone_at_once(world):
    """One series, or all of a target that stopped, long before a sample is too old."""
    world.page.text = gauge("jobs", 4) + gauge("others", 1)
    await eventually(lambda: world.ask("jobs"), equals=4_000, within=WITHIN)

    world.page.text = gauge("others", 1)
    await eventually(
        lambda: world.ask("jobs"), where=lambda found: NO_SERIES in str(found), within=WITHIN
    )
    assert 1_000 == await world.ask("others")

    world.page.text = None
    await eventually(
        lambda: world.ask("others"), where=lambda found: NO_SERIES in str(found), within=WITHIN
    )
    assert 0 == await world.ask("up")


AGES = {
    ("two", 60): NO_SERIES,
    ("two", 180): 4_000,
    ("ten", 300): NO_SERIES,
    ("ten", 900): 4_000,
}
"""By how many minutes old a sample is, and how many seconds it may be; 300 is everybody's."""


async def test_samples_are_as_old_as_they_may_be(world):
    """By the time they have themselves, which no scrape renews, wherever in a query they stand."""
    world.page.text = gauge("two", 4, age=120) + gauge("ten", 4, age=600) + gauge("fresh", 1)
    await eventually(
        lambda: world.ask("max_over_time(ten[1h])", max_age=60), equals=4_000, within=WITHIN
    )

    for query in ("{}", "sum({})", "{} * on(job) fresh", "max_over_time({}[1s:1s])"):
        found = {
            (name, most): told(await world.ask(query.format(name), max_age=most), expected)
            for (name, most), expected in AGES.items()
        }
        assert found == AGES, query


async def test_clocks_may_differ(world):
    """The age of samples is told by the clock that dated them; that of an answer is by ours."""
    world.page.text = gauge("jobs", 4) + gauge("aged", 4, age=120)
    await eventually(lambda: world.ask("aged"), equals=4_000, within=WITHIN)
    behind, ahead = Queries(Off(by=-HOUR)), Queries(Off(by=HOUR))

    assert 4_000 == await world.ask("jobs", queries=behind)
    assert NO_SERIES in await world.ask("aged", queries=behind, max_age=60)
    assert "the answer is from 3600 s ago" in await world.ask("jobs", queries=ahead)
    assert 4_000 == await world.ask("jobs", queries=ahead, max_age=3_700)
    for each in (behind, ahead):
        await each.close()


async def test_a_reading_holds_from_when_it_was_evaluated(world):
    """Not from when a sample was taken, which nobody is told."""
    before = world.now()
    reading = await world.queries.ask(world.server, "vector(5)", max_age=60)
    # Prometheus cuts its time to milliseconds.
    assert before - 0.001 <= reading.at <= world.now()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (lambda url: f"{url}/prefix", r"404.*may lack a path prefix"),
        (lambda url: url.replace("http:", "https:"), r"TLS failed .* is it http://"),
    ],
)
async def test_an_address_that_is_nearly_right_is_told_of(world, wrong, why):
    """With what may be wrong with it."""
    lost = attrs.evolve(world.server, address=wrong(world.server.address))
    with pytest.raises(Unanswered, match=why):
        await world.queries.ask(lost, "jobs", max_age=60)
