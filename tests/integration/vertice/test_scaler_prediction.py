"""A VerticeScaler that foresees what a real Prometheus will answer, and one that cannot.

A query of the time itself has a history without any sample: Prometheus works out what it would have
been at each moment. These are at their steepest now, whenever that is, so that there is something
to foresee.
"""

import json
import math
import random

import attrs
import pytest

from informers.clock import LoopClock
from reconcilers.vertice.scaler.prediction.plan import DAY
from tests.integration.vertice.asking import said
from tests.integration.vertice.test_scaler import becomes
from tests.integration.vertice.test_scaler_queries import looked
from tests.integration.vertice.world import WITHIN
from tests.kit.eventually import eventually
from tests.kit.scripted import ScriptedServer

DAILY = {"season": "1d", "historyDays": 14, "lookahead": "6h"}
PEAK = 25
"""Pods for the most of a day; in the middle, where it is now, there are 15."""


def season(*, growth):
    """Return a query that is 150 now and 245 in six hours, and another part more each day."""
    days = f"((time() - {LoopClock().wall().timestamp():.0f}) / {DAY})"
    return f"vector(1 + {growth} * {days}) * (150 + 95 * sin(vector(2 * pi() * {days})))"


def foreseeing(world, address, query, **prediction):
    """Make a scaler with as many pods as the query asks for, ten for each."""
    world.deploy(replicas=15)
    world.create(
        maxReplicas=40,
        metrics=[{"type": "external", "external": {"query": query, "target": "10"}}],
        prometheus={"address": address},
        prediction={**DAILY, **prediction},
    )


async def foreseen(world, reason):
    """Look until what is foreseen has this reason; return it."""

    def found():
        world.look()
        return world.status().get("prediction", {})

    return await eventually(found, where=lambda told: told.get("reason") == reason, within=WITHIN)


@pytest.mark.usefixtures("host")
async def test_pods_are_there_before_they_are_needed(world, prometheus):
    """As many as six hours from now, by what was so on the days before; told step by step."""
    foreseeing(world, prometheus([]).url, season(growth=0.01), mode="Active")

    await looked(world, PEAK)

    told = await foreseen(world, "Acting")
    assert (True, PEAK) == (told["acting"], told["replicas"])
    assert 240 < float(told["forecast"]) < 250
    assert told["error"] < 0.9 * min(told["naiveError"], told["plainError"])
    assert 0.1 < told["score"] <= 1
    assert 3 * DAY / 300 == told["points"]
    await becomes(world.decided, "ByPrediction")
    decision = world.status()["decision"]
    assert PEAK == decision["predicted"] == decision["replicas"]
    assert decision["asked"] <= 16
    assert decision["message"].endswith(f"what is foreseen for {PEAK}")


@pytest.mark.usefixtures("host")
async def test_a_preview_is_only_told(world, prometheus):
    """Until the mode says that it counts, which is heard at once."""
    foreseeing(world, prometheus([]).url, season(growth=0.01))
    told = await foreseen(world, "Preview")

    assert (False, PEAK) == (told["acting"], told["replicas"])
    assert world.replicas() <= 16
    assert "predicted" not in world.status()["decision"]

    world.change(prediction={"mode": "Active"})
    await looked(world, PEAK)


@pytest.mark.usefixtures("host")
async def test_what_yesterday_says_as_well_does_not_act(world, prometheus):
    """Each day is like the one before, so there is nothing that a forecast would know better."""
    foreseeing(world, prometheus([]).url, season(growth=0), mode="Active")
    told = await foreseen(world, "NotBetter")

    assert (False, PEAK) == (told["acting"], told["replicas"])
    assert "of the same time a season before, so it is only told" in told["message"]
    assert world.replicas() <= 16


def shop(chance):
    """Return four weeks of a shop as OpenMetrics: at their steepest now, quiet on two other days.

    Each week has a twentieth more customers than the one before, and no minute is like another.
    """
    now = int(LoopClock().wall().timestamp())
    lines = []
    for at in range(now - 28 * DAY, now + 1, 300):
        days = (at - now) / DAY
        quiet = 0.4 if 2 <= days % 7 < 4 else 1
        usual = quiet * (150 + 100 * math.sin(2 * math.pi * days)) * (1 + 0.05 * days / 7)
        lines.append(f"shop_requests {usual * chance.gauss(1, 0.05):.2f} {at}")
    return "\n".join(["# TYPE shop_requests gauge", *lines, "# EOF", ""])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.usefixtures("host")
async def test_weeks_that_were_measured_are_learned(world, prometheus, seed):
    """Noise, growth and days off included, with nothing said but that it counts."""
    started = prometheus([], past=shop(random.Random(seed)))
    weekly = {"season": "7d", "historyDays": 28, "lookahead": "1h", "mode": "Active"}
    foreseeing(world, started.url, "sum(shop_requests)", **weekly)

    told = await foreseen(world, "Acting")
    assert 155 < float(told["forecast"]) < 195, f"seed {seed}: {told}"
    assert 7 * DAY / 300 == told["points"]
    assert told["error"] < 0.9 * min(told["naiveError"], told["plainError"])
    await looked(world, told["replicas"])


@attrs.define
class Forgetful:
    """A server that answers looks, and refuses to tell of the past as long as it is told to."""

    asked: int = 0
    result: list | None = None

    async def serve(self, peer):
        """Answer as often as somebody asks."""
        while True:
            request = await peer.request()
            if not request.target.endswith("/query_range"):
                await peer.reply(said("180"))
                continue
            self.asked += 1
            if self.result is None:
                failure = {"status": "error", "errorType": "execution", "error": "too many samples"}
                await peer.reply(json.dumps(failure).encode(), status=422)
            else:
                data = {"resultType": "matrix", "result": self.result}
                await peer.reply(json.dumps({"status": "success", "data": data}).encode())


@pytest.mark.parametrize(
    ("result", "reason", "words"),
    [
        (None, "HistoryUnreadable", "the query failed (422: execution: too many samples)"),
        ([], "NotEnoughHistory", "the query has answers for 0.0 days; it takes 3"),
        ([{"metric": {"a": "b"}}, {"metric": {"a": "c"}}], "HistoryUnreadable", "finds 2 series"),
    ],
    ids=["refused", "empty", "several series"],
)
@pytest.mark.usefixtures("host")
async def test_without_a_history_all_else_goes_on(world, result, reason, words):
    """It is told, asked for once, and what is measured decides."""
    past = Forgetful(result=result)
    with ScriptedServer(always=past.serve) as server:
        foreseeing(world, server.url, "sum(q)", mode="Active")
        told = await foreseen(world, reason)

        assert words in told["message"]
        assert "forecast" not in told
        await looked(world, 18)
        assert "AsMeasured" == world.decided() or "WithinTolerance" == world.decided()
        assert ("True", world.decided()) == world.condition("Ready")
        assert 1 == past.asked


@pytest.mark.usefixtures("host")
async def test_who_foresees_no_more_has_it_told_no_more(world, prometheus):
    """The status has no part of it left."""
    foreseeing(world, prometheus([]).url, season(growth=0.01))
    await foreseen(world, "Preview")

    world.change(prediction=None)

    def told():
        world.look()
        return world.status().get("prediction")

    await becomes(told, None)
