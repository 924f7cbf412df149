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

    A page of "" is served by nobody: the pod answers 503.
    """

    rate: int = 100
    errors: int = 0
    served: bool = True
    requests: int = 0
    failed: int = 0

    def page(self) -> str:
        """Return the next page."""
        self.requests += self.rate
        self.failed += self.errors
        return (
            f'http_requests_total{{code="200"}} {self.requests - self.failed}\n'
            f'http_requests_total{{code="500"}} {self.failed}\n'
        )


@attrs.frozen
class Pages:
    """The pages of both arms, and where they are."""

    champion: Arm
    challenger: Arm
    port: int

    def address(self, pod: Any, _role: Any) -> str:
        """Return where the page of a pod is."""
        return f"http://127.0.0.1:{self.port}/{pod.metadata.labels[TRACK]}"


@asynccontextmanager
async def serving() -> AsyncIterator[Pages]:
    """Serve a page for each arm."""
    arms = {"champion": Arm(), "challenger": Arm()}

    async def answer(request: web.Request) -> web.Response:
        arm = arms[request.match_info["track"]]
        if not arm.served:
            raise web.HTTPServiceUnavailable
        return web.Response(text=arm.page())

    app = web.Application()
    app.router.add_get("/{track}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Pages(arms["champion"], arms["challenger"], runner.addresses[0][1])
    await runner.cleanup()
