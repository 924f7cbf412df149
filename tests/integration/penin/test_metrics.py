"""What the services measure, in the status: pages served on loopback, pods played by fake nodes."""

import asyncio

import pytest
from aiohttp import web

from reconcilers.penin.cluster import reconciler as clusters
from reconcilers.penin.metrics import reconciler as metrics
from tests.integration.penin.world import WITHIN, condition, made, message
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

PAGE = "penin_alpha 0.7828\npenin_delta_linf 0.05\npenin_caos_plus 3.9045\npenin_sr_score 0.8668\n"
FIGURES = {"alpha": 0.7828, "deltaLinf": 0.05, "caosPlus": 3.9045, "srScore": 0.8668}


@pytest.fixture
async def served():
    """Serve pages at /SERVICE; what is in the dictionary is told, by default nothing."""
    pages = {}

    async def answer(request):
        page = pages.get(request.match_info["service"])
        if page is None:
            raise web.HTTPServiceUnavailable
        if page == "hang":
            await asyncio.Event().wait()
        return web.Response(text=page)

    app = web.Application()
    app.router.add_get("/{service}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pages["port"] = str(runner.addresses[0][1])
    yield pages
    await runner.cleanup()


@pytest.fixture
async def measured(cluster, namespace, rest, path, served):
    """Return a function that makes a cluster and waits for what is said of its metrics."""

    def set_up(runtime):
        place = f"http://127.0.0.1:{served['port']}"
        return metrics.set_up(runtime, address=lambda _, role: f"{place}/{role.label}")

    async with hosted(cluster, clusters.set_up, set_up, namespaces=[namespace], reaches_pods=True):

        async def make(reason, **spec):
            rest.create(path.rpartition("/")[0], made(**spec))

            def is_said(found):
                said = found.get("status", {}).get("conditions", [])
                return reason in {each["reason"] for each in said}

            return await eventually(lambda: rest.get(path), where=is_said, within=WITHIN)

        yield make


async def test_the_figures_of_the_services_are_shown(measured, served):
    """From whoever answers; who does not is named."""
    served |= {"omega-meta": PAGE, "sr-omega-infinity": PAGE}

    found = await measured("Scraped")

    assert FIGURES == found["status"]["metrics"]
    assert ("True", "Scraped") == condition(found, "MetricsAvailable")
    assert "lastUpdateTime" in found["status"]


@pytest.mark.parametrize(
    ("page", "reason", "text"),
    [
        (None, "Unreachable", "answers 503"),
        ("hang", "Unreachable", "no answer within 2 s"),
        ("<html>\n", "Unreachable", "not in Prometheus' text format"),
        ("penin_alpha 0.5\n", "NotExposed", "no pod tells penin_delta_linf"),
    ],
    ids=["refusal", "silence", "another page", "half a page"],
)
async def test_what_cannot_be_had_is_absent_and_said(measured, served, page, reason, text):
    """A cluster is no less healthy for it."""
    served |= dict.fromkeys(("omega-meta", "sr-omega-infinity", "sigma-guard", "acfa-league"), page)

    found = await measured(reason)

    assert text in message(found, "MetricsAvailable")
    assert "srScore" not in found["status"].get("metrics", {})


async def test_they_can_be_turned_off(measured):
    """Then nothing is read."""
    found = await measured("TurnedOff", observability={"metrics": False})

    assert "metrics" not in found["status"]
