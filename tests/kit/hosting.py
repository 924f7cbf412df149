"""Run controllers inside a test, against a real cluster, the way the manager program does.

    async with hosted(cluster, set_up) as host:
        ...
        await eventually(...)

The controllers are made by the same functions that a family registers, run by the shipped Manager
without election, and have ended, sockets closed, when the block is left. A manager that ends by
itself fails the test.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import attrs
import structlog

from controller.runtime.controller import Controller
from controller.runtime.manager import EXIT_CLEAN, Manager
from controller.runtime.runtime import Runtime
from informers.client import Client, Fence
from informers.connection import connect
from informers.factory import Informers
from informers.shared import EVERYWHERE
from tests.kit.eventually import eventually

START = 60.0
"""Seconds for the first caches, of many kinds and on a busy machine."""


class Kubeconfig(Protocol):
    """Whatever knows the way to a cluster; the fixture `cluster` does."""

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig."""


@attrs.frozen
class Host:
    """A running manager and what it lends to its controllers."""

    manager: Manager
    runtime: Runtime
    controllers: tuple[Controller, ...]


@asynccontextmanager
async def hosted(
    cluster: Kubeconfig,
    *set_up: Callable[[Runtime], Controller],
    namespaces: Iterable[str] = EVERYWHERE,
    reaches_pods: bool = False,
    fence: Fence | None = None,
    image: str = "",
) -> AsyncIterator[Host]:
    """Run the controllers these functions make; ready when their workers are."""
    client = Client(await connect(kubeconfig=cluster.kubeconfig), fence=fence)
    log = structlog.get_logger()
    informers = Informers(client, namespaces=namespaces)
    runtime = Runtime(client, informers, log=log, reaches_pods=reaches_pods, image=image)
    controllers = tuple(make(runtime) for make in set_up)
    manager = Manager(runtime, controllers, log=log)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(manager.run(), name="manager")
        await eventually(lambda: manager.progress.leading or running.done(), within=START)
        try:
            yield Host(manager, runtime, controllers)
        finally:
            manager.stop()
            code = await running
            assert code == EXIT_CLEAN, f"the manager ended with {code}"
