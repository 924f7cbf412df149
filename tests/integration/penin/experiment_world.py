"""Experiments as tests write them, and pods whose figures are served on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
from aiohttp import web

from reconcilers.penin.api.experiment import PENIN_EXPERIMENT
from reconcilers.penin.cluster.services import TRACK

QUICK = {
    "cluster": "a",
    "service": "omegaMeta",
    "challenger": {"version": "1.0.0"},
    "weight": 50,
    "primary": {"minimumEffect": 0.05},
    "minimumSamples": 100,
    "minimumDuration": "1s",
    "maximumDuration": "10m",
    "warmUp": "0s",
    "interval": "1s",
}
"""An experiment that comes to an end within a test's time."""


def experiment(name: str = "e", **spec: Any) -> dict[str, Any]:
    """Return an experiment as a user writes it; None takes a field out."""
    whole = {key: value for key, value in {**QUICK, **spec}.items() if value is not None}
    return {
        "apiVersion": PENIN_EXPERIMENT.api_version,
        "kind": PENIN_EXPERIMENT.kind,
        "metadata": {"name": name},
        "spec": whole,
    }


@attrs.define
class Arm:
    """What the pods of one arm serve: each look finds so many requests more, so many of them bad.

    Where it is not `served`, pods answer 503.
    """

    rate: int = 100
    errors: int = 0
    served: bool = True
    counters: dict[str, tuple[int, int]] = attrs.field(factory=dict)

    def page(self, pod: str) -> str:
        """Return the next page of a pod."""
        requests, failed = self.counters.get(pod, (0, 0))
        requests, failed = requests + self.rate, failed + self.errors
        self.counters[pod] = requests, failed
        return (
            f'http_requests_total{{code="200"}} {requests - failed}\n'
            f'http_requests_total{{code="500"}} {failed}\n'
        )


@attrs.frozen
class Pages:
    """The pages of both arms, and where they are."""

    champion: Arm
    challenger: Arm
    port: int

    def address(self, pod: Any, _role: Any) -> str:
        """Return where the page of a pod is."""
        return f"http://127.0.0.1:{self.port}/{pod.metadata.labels[TRACK]}/{pod.name}"

    def figures(self, pod: Any, role: Any) -> str:
        """Return where the figures of a pod are that the cluster's status shows."""
        return f"{self.address(pod, role)}/figures"


@asynccontextmanager
async def serving() -> AsyncIterator[Pages]:
    """Serve a page for each arm; a challenger's figures are far from the champion's."""
    arms = {"champion": Arm(), "challenger": Arm()}

    async def answer(request: web.Request) -> web.Response:
        arm = arms[request.match_info["track"]]
        if not arm.served:
            raise web.HTTPServiceUnavailable
        return web.Response(text=arm.page(request.match_info["pod"]))

    async def figures(request: web.Request) -> web.Response:
        score = {"champion": 0.9, "challenger": 0.1}[request.match_info["track"]]
        return web.Response(text=f"penin_sr_score {score}\n")

    app = web.Application()
    app.router.add_get("/{track}/{pod}", answer)
    app.router.add_get("/{track}/{pod}/figures", figures)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Pages(arms["champion"], arms["challenger"], runner.addresses[0][1])
    finally:
        await runner.cleanup()
