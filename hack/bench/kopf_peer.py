"""The kopf peer: a Widget operator as a user of kopf who knows its costs would write it.

Everything is set in kopf's favour: a low-level event handler, which keeps no state in annotations;
standalone, because kopf has no Lease; no Events posted; and no worker limit, because kopf's workers
belong to one object each and stay idle for seconds, so that a limit of ten would mean ten objects
per five seconds. It reads the body as the dictionary kopf hands out; kopf has no typed cache.
"""

import argparse
import asyncio
import datetime as dt
import importlib.util
import logging
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import kopf

from hack.bench.tracker import Tracker
from hack.bench.widget import GROUP, PLURAL, VERSION, checksum


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--lease", help="ignored: kopf has none")
    parser.add_argument("--health", default="127.0.0.1:0")
    parser.add_argument("--metrics", help="ignored: kopf serves none")
    parser.add_argument("--log-file", type=Path, default=Path("/dev/null"))
    parser.add_argument("--stamp", default="")
    parser.add_argument("--expected", type=int, required=True)
    parser.add_argument("--record", action="store_true")
    return parser.parse_args()


def _ready(widget: kopf.Body) -> dict[str, Any]:
    """Return the Ready condition; kopf has no machinery for conditions."""
    return {
        "type": "Ready",
        "status": "True",
        "reason": "Reconciled",
        "message": "every child is up to date",
        "observedGeneration": widget.metadata["generation"],
        "lastTransitionTime": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _registry(tracker: Tracker, *, stamp: str) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401 - kopf's signature
        return kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def _widget(
        body: kopf.Body,
        patch: kopf.Patch,
        **_: Any,  # noqa: ANN401 - kopf's signature
    ) -> None:
        name, spec, status = body.metadata["name"], body.spec, body.status
        total = checksum(name, spec)
        if stamp and status.get("stamp") != stamp:
            patch.status["observedGeneration"] = body.metadata["generation"]
            patch.status["readyChildren"] = spec.get("children", 0)
            patch.status["checksum"] = total
            patch.status["stamp"] = stamp
            patch.status["conditions"] = [_ready(body)]
            return
        tracker.reconciled(name, total, spec["size"])

    return registry


async def _commands(tracker: Tracker, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        tracker.command(line.decode())
    stop.set()


async def _run(options: argparse.Namespace) -> None:
    tracker = Tracker(expected=options.expected, record=options.record)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        commands = tasks.create_task(_commands(tracker, stop))
        tracker.say("started")
        await kopf.operator(
            registry=_registry(tracker, stamp=options.stamp),
            namespaces=[options.namespace],
            standalone=True,
            liveness_endpoint=f"http://{options.health}/healthz",
            stop_flag=stop,
        )
        commands.cancel()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the faster loop where there is one, as `kopf run` does."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory


def main() -> None:
    """Run until the input ends or a signal comes."""
    options = _arguments()
    logging.captureWarnings(capture=True)
    with options.log_file.open("a") as log:
        kopf.configure(log_format=kopf.LogFormat.JSON)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(log)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(options))


if __name__ == "__main__":
    main()
