"""A manager with all its servers on loopback, and a browser for them."""

import asyncio
import http.client
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from controller.config import Config
from controller.runtime.manager import EXIT_CLEAN, Manager
from controller.runtime.obs.log import Log, configure
from controller.runtime.obs.observability import Observability
from controller.runtime.runtime import Runtime
from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from tests.kit.eventually import eventually
from tests.kit.widget.reconciler import set_up


@attrs.frozen
class Page:
    """An answer."""

    code: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The answer's content."""
        return json.loads(self.text)


def ask(
    port: int,
    path: str,
    *,
    method: str = "GET",
    trusting: str = "",
    timeout: float = 20.0,
    **headers: str,
) -> Page:
    """Ask a server on loopback, and wait; with `trusting`, over TLS."""
    if trusting:
        context = ssl.create_default_context(cadata=trusting)
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return Page(response.status, response.read().decode(), dict(response.headers))
    finally:
        connection.close()


async def get(port: int, path: str, **options: Any) -> Page:
    """The same from the loop."""
    return await asyncio.to_thread(ask, port, path, **options)


@attrs.frozen
class World:
    """A running manager and its servers."""

    manager: Manager
    observability: Observability
    runtime: Runtime
    lines: list[dict[str, Any]]
    log: Log

    def port(self, name: str) -> int:
        """Where a server listens."""
        return self.observability.listeners[name].port


class Lines:
    """A stream that keeps log lines."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def write(self, line: bytes) -> int:
        """Keep a line."""
        if line.strip():
            self.lines.append(json.loads(line))
        return len(line)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """It is nobody's terminal."""
        return False


@asynccontextmanager
async def observed(cluster: Any, namespace: str, **settings: Any) -> AsyncIterator[World]:
    """Run the Widget controller as the manager program does, without election."""
    loopback = {
        f"{name}_address": "127.0.0.1:0" for name in ("probe", "metrics", "debug")
    } | settings
    config = Config(leader_elect=False, namespaces=(namespace,), **loopback)
    stream = Lines()
    log = configure("json", "info", stream=stream)
    connection = await connect(kubeconfig=cluster.kubeconfig)
    client = Client(connection)
    runtime = Runtime(client, Informers(client, namespaces=config.namespaces), log=log)
    observability = Observability(
        config, runtime, reviews=Client(connection), log=log, level=log.level
    )
    manager = Manager(runtime, [set_up(runtime)], log=log, servers=[observability])
    observability.attach(manager)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(manager.run(), name="manager")
        await eventually(lambda: manager.progress.leading or running.done())
        try:
            yield World(manager, observability, runtime, stream.lines, log)
        finally:
            manager.stop()
            assert await running == EXIT_CLEAN
