"""A VerticeScaler that goes by the answers of a real Prometheus."""

import pytest

from informers.meta.builtin import SECRET
from tests.integration.vertice.test_prometheus import Page
from tests.integration.vertice.test_scaler import becomes, events
from tests.integration.vertice.world import AT_ONCE, WITHIN
from tests.kit.eventually import eventually
from tests.kit.prometheus import Target
from tests.kit.scripted import ScriptedServer

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def jobs(prometheus):
    """Return what Prometheus is told of waiting jobs, and where it is."""
    page = Page("jobs 0\n")
    with ScriptedServer(always=page.serve) as target:
        started = prometheus([Target(f"127.0.0.1:{target.port}", {"job": "a"})])
        yield page, started


def waiting(target="10", **more):
    """Return the metric."""
    return {"type": "external", "external": {"query": "sum(jobs)", "target": target}, **more}


async def told(jobs, number):
    """Have Prometheus know of so many jobs."""
    page, prometheus = jobs
    page.text = f"jobs {number}\n"
    wanted = [str(number)]
    await becomes(lambda: [each["value"][1] for each in prometheus.query("sum(jobs)")], wanted)


async def looked(world, wanted):
    """Look until there are so many pods to be."""

    def look():
        world.look()
        return world.replicas()

    await becomes(look, wanted)


@pytest.mark.usefixtures("host")
async def test_jobs_that_wait_get_pods_and_none_are_left_when_there_are_none(world, jobs):
    """From none, as many as are needed; to none, when nothing asked for one for the cooldown."""
    await told(jobs, 0)
    world.deploy(replicas=1)
    world.create(
        minReplicas=0,
        metrics=[waiting()],
        prometheus={"address": jobs[1].url},
        behavior=AT_ONCE,
        cooldown="0s",
    )
    await looked(world, 0)
    await becomes(lambda: world.condition("ScaledToZero"), ("True", "Idle"))

    await told(jobs, 35)
    await looked(world, 4)
    woken = "Scaled", "from 0 to 4 pods: external sum(jobs) asks for 4"
    await eventually(lambda: woken in events(world), within=WITHIN)

    await told(jobs, 0)
    await looked(world, 0)


@pytest.mark.usefixtures("host")
async def test_when_nobody_answers_nothing_goes(world, jobs):
    """Neither while a figure is missing, nor for a window after it came again."""
    await told(jobs, 60)
    world.deploy(replicas=2)
    world.create(
        metrics=[waiting()],
        prometheus={"address": jobs[1].url},
        behavior={"scaleDown": {"stabilizationWindow": 300}},
    )
    await looked(world, 6)

    world.change(prometheus={"address": NOBODY})
    await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
    assert "cannot be reached" in world.status()["currentMetrics"][0]["error"]
    assert 6 == world.replicas()

    await told(jobs, 10)
    world.change(prometheus={"address": jobs[1].url})
    await becomes(lambda: world.condition("ScalingActive"), ("True", "MetricsRecovering"))
    assert 6 == world.replicas()


@pytest.mark.usefixtures("host")
async def test_a_fallback_asks_where_nobody_answers(world):
    """For so many pods, after so many looks."""
    world.deploy(replicas=2)
    world.create(
        metrics=[waiting(onMissing="fallback")],
        prometheus={"address": NOBODY},
        fallback={"replicas": 5, "failureThreshold": 2},
    )

    await looked(world, 5)
    unread = "external sum(jobs) cannot be read, so the fallback"
    told = "Scaled", f"from 4 to 5 pods: {unread} asks for 5"
    await eventually(lambda: told in events(world), within=WITHIN)

    world.look()
    held = f"stays at 5 pods: {unread}'s 5 hold"
    await becomes(lambda: world.status()["decision"]["message"], held)
    assert "ByFallback" == world.decided()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({}, "there is no Secret monitoring"),
        ({"other": "x"}, "Secret monitoring has no token"),
    ],
)
@pytest.mark.usefixtures("host")
async def test_a_credential_that_is_missing_is_told(world, made, words):
    """By its name, never by what others hold."""
    if made:
        body = {"metadata": {"name": "monitoring"}, "stringData": made}
        world.rest.create(SECRET.path(world.namespace), body)
    world.deploy(replicas=1)
    auth = {"bearerToken": {"name": "monitoring", "key": "token"}}
    world.create(metrics=[waiting()], prometheus={"address": NOBODY, "auth": auth})

    await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
    assert words in world.status()["currentMetrics"][0]["error"]


@pytest.mark.usefixtures("host")
async def test_where_nobody_is_to_be_asked_that_is_told(world):
    """With the two places that could say it."""
    world.deploy(replicas=1)
    world.create(metrics=[waiting()])

    await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
    assert "spec.prometheus.address" in world.status()["currentMetrics"][0]["error"]
