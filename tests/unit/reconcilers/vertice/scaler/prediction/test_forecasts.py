"""Models are learned beside the looks: none waits, and none asks more often than it should."""

import itertools
import math
from array import array

import attrs
import pytest
from msgspec import UNSET, structs

from controller.runtime.crew import Crew
from informers.meta.codec import convert
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.listening import answered, tolerance
from reconcilers.vertice.scaler.prediction.forecasts import AGAIN, READERS, Forecasts
from reconcilers.vertice.scaler.prediction.plan import DAY, HOUR
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.matrix import Series
from tests.kit.virtual import VirtualClock
from tests.unit.reconcilers.vertice.scaler.world import workload

pytestmark = pytest.mark.virtual
KEY = "ns/web"


def scaler(query="sum(q)", uid="u", **prediction):
    """Return a scaler that foresees what its query will be."""
    spec = {
        "target": {"kind": "Deployment", "name": "web"},
        "maxReplicas": 20,
        "metrics": [{"type": "external", "external": {"query": query, "target": "10"}}],
        "prediction": {"mode": "Active", "season": "1d", "historyDays": 4, **prediction},
    }
    meta = {"name": "web", "namespace": "ns", "uid": uid}
    return convert({"metadata": meta, "spec": spec}, VerticeScaler)


def growing(moment):
    """Return what is foreseen better than by the day before: there is more of it each day."""
    return (110 + 90 * math.sin(2 * math.pi * moment / DAY)) * (moment - 1_850_000_000) / 1e8


@attrs.define
class History:
    """What is asked for histories, in the place of a Prometheus."""

    clock: VirtualClock
    asked: list = attrs.field(factory=list)
    failure: str = ""
    seconds: float = 1.0
    values: object = growing
    under_way: int = 0
    most: int = 0

    async def history(self, _, metric, span):
        """Answer after a while."""
        self.asked.append((self.clock.monotonic(), metric.external.query, span))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.clock.sleep(self.seconds)
        finally:
            self.under_way -= 1
        if self.failure:
            raise Unanswered(self.failure)
        moments = range(span.first, span.last + 1, span.step)
        return Series(span, array("d", [self.values(each) for each in moments]))

    @property
    def times(self):
        """When it was asked."""
        return [at for at, _, _ in self.asked]


@attrs.define
class Errors:
    """A log that keeps errors."""

    errors: list = attrs.field(factory=list)

    def error(self, event, *, key, **_):
        """Keep one."""
        self.errors.append((event, key))


class Looks:
    """Looks at scalers, by one who keeps forecasts and runs their tasks."""

    def __init__(self, **history):
        self.clock = VirtualClock()
        self.history = History(self.clock, **history)
        self.forecasts = Forecasts(self.history, self.clock)
        self.crew = Crew("test")
        self.log = Errors()

    async def __aenter__(self):
        await self.forecasts.start(None, None, self.crew, log=self.log)
        return self

    async def __aexit__(self, *_):
        assert [] == await self.crew.dismiss(1.0)
        await self.forecasts.stop()

    def look(self, found=None, key=KEY):
        """Look once; returns what is told, None where nothing is."""
        found, made = found or scaler(), workload(2)
        metric = found.spec.metrics[0]
        value = round(growing(self.clock.wall().timestamp()) * 1000)
        figure = answered(metric, made, value, tolerated=tolerance(found.spec.behavior))
        return self.forecasts.look(key, found, made, (figure,)).told

    async def go_on(self, seconds, found=None, *, every=15):
        """Look for so long, four times a minute if nothing else is said."""
        for _ in range(int(seconds // every)):
            told = self.look(found)
            await self.clock.sleep(every)
        return told


async def test_a_look_waits_for_nothing():
    """The first one says that there is no model yet, a later one has it."""
    async with Looks() as looks:
        begin = looks.clock.monotonic()
        assert "Learning" == looks.look().reason
        assert begin == looks.clock.monotonic()

        told = await looks.go_on(60)
        assert ("Acting", True) == (told.reason, told.acting)
        assert abs(float(told.forecast) - growing(looks.clock.wall().timestamp())) < 5


async def test_a_history_is_read_once_an_hour():
    """And less than two hours after it was read first."""
    async with Looks() as looks:
        await looks.go_on(6 * HOUR, every=30)
        times = looks.history.times

    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert HOUR - 600 <= pauses[0] <= 2 * HOUR
    assert all(HOUR - 90 < each < HOUR + 90 for each in pauses[1:]), pauses


async def test_scalers_ask_at_different_minutes():
    """So that a thousand of them do not ask at once."""
    scalers = [scaler(query=f"q{number}") for number in range(40)]
    async with Looks(seconds=0.01, values=lambda _: math.nan) as looks:
        for _ in range(2 * HOUR // 60 + 5):
            for number in range(40):
                looks.look(scalers[number], key=f"ns/web-{number}")
            await looks.clock.sleep(60)
        second = [at for at in looks.history.times if at > 1800 + looks.history.times[0]]

    minutes = [int(each // 60) for each in second[:40]]
    assert max(minutes.count(each) for each in minutes) < 8
    assert READERS >= looks.history.most


async def test_few_are_read_at_once():
    """Places for queries are for looks."""
    async with Looks(seconds=5.0) as looks:
        for number in range(9):
            looks.look(scaler(query=f"q{number}"), key=f"ns/web-{number}")
        await looks.clock.sleep(60)

        assert (9, READERS) == (len(looks.history.asked), looks.history.most)


async def test_what_failed_is_tried_again():
    """After ten minutes, then after twenty, and told until it succeeds."""
    async with Looks(failure="refused") as looks:
        told = await looks.go_on(AGAIN - 30)
        assert ("HistoryUnreadable", 1) == (told.reason, len(looks.history.asked))
        assert "refused" in told.message
        await looks.go_on(2 * AGAIN)
        assert 2 == len(looks.history.asked)

        looks.history.failure = ""
        told = await looks.go_on(120)
        assert ("Acting", 3) == (told.reason, len(looks.history.asked))


async def test_an_error_that_nobody_foresaw_ends_nothing_but_its_forecast():
    """It is told and logged, tried again like any other, and all others go on."""

    def broken(_):
        raise KeyError("a bug")

    async with Looks(values=broken) as looks:
        told = await looks.go_on(30)
        assert ("HistoryUnreadable", 1) == (told.reason, len(looks.history.asked))
        assert "KeyError: 'a bug'" in told.message
        assert [("forecast_failed", KEY)] == looks.log.errors

        looks.history.values = growing
        for number in range(2 * READERS):
            looks.look(scaler(query=f"q{number}"), key=f"ns/web-{number}")
        await looks.clock.sleep(60)
        assert 1 + 2 * READERS == len(looks.history.asked)
        assert "Acting" == looks.look(scaler(query="q0"), key="ns/web-0").reason

        assert "Acting" == (await looks.go_on(AGAIN)).reason


async def test_a_model_outlives_a_server_for_a_day():
    """What it foresees is as right as it was; after that nothing is foreseen."""
    async with Looks() as looks:
        await looks.go_on(60)
        looks.history.failure = "refused"
        told = await looks.go_on(3 * HOUR, every=120)
        assert "Acting" == told.reason
        assert told.message.endswith("could not be read again: refused")

        assert "HistoryUnreadable" == (await looks.go_on(DAY, every=240)).reason


async def test_a_history_that_lost_its_days_takes_the_model_with_it():
    """What it says now is what counts."""
    async with Looks() as looks:
        assert "Acting" == (await looks.go_on(60)).reason
        looks.history.values = lambda at: math.nan if at % 3000 else 1.0
        told = await looks.go_on(2 * HOUR)

        assert ("NotEnoughHistory", 2) == (told.reason, len(looks.history.asked))


@pytest.mark.parametrize(
    "other",
    [
        scaler(query="sum(other)"),
        scaler(uid="another"),
        scaler(historyDays=5),
        scaler(lookahead="20m"),
    ],
    ids=["query", "scaler of the same name", "days", "lookahead"],
)
async def test_another_question_is_another_model(other):
    """At once, and nothing of the old one is left."""
    async with Looks() as looks:
        assert "Acting" == (await looks.go_on(60)).reason

        assert "Learning" == looks.look(other).reason
        assert "Acting" == (await looks.go_on(60, other)).reason
        assert 2 == len(looks.history.asked)


async def test_another_mode_is_the_same_model():
    """Nothing is asked for again."""
    async with Looks() as looks:
        await looks.go_on(60, scaler(mode="Preview"))

        assert "Acting" == looks.look(scaler(mode="Active")).reason
        assert 1 == len(looks.history.asked)


async def test_who_foresees_nothing_has_nothing_told():
    """And what was known is let go of."""
    usual = scaler()
    without = structs.replace(usual, spec=structs.replace(usual.spec, prediction=UNSET))
    async with Looks() as looks:
        await looks.go_on(60)
        assert UNSET is looks.look(without)
        assert "Learning" == looks.look().reason


async def test_what_was_deleted_meanwhile_is_let_go_of():
    """Its history comes too late, and those that wait are not asked for."""
    async with Looks(seconds=5.0) as looks:
        for number in range(5):
            looks.look(scaler(query=f"q{number}"), key=f"ns/web-{number}")
        await looks.clock.sleep(1)
        for number in range(5):
            looks.forecasts.forget(f"ns/web-{number}")
        await looks.clock.sleep(60)

        assert READERS == len(looks.history.asked)
        assert "Learning" == looks.look(key="ns/web-0").reason
