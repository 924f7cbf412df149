"""The event loops that the program may run on, for tests of what a loop does its own way.

Mark a test, or a module, with `pytest.mark.every_loop`, and it runs on each of them: the one with
which Python comes and uvloop, on which the program runs wherever that is installed. They differ in
how they tell of connections that end, in what a transport may still be asked then, and in how long
goodbyes take. A conftest turns the marker on by importing the two hooks.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import pytest
import uvloop

LOOPS: Final[Mapping[str, Callable[[], asyncio.AbstractEventLoop]]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "every_loop: run on each loop that the program may run on")


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - the hook's signature
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give marked tests a run on each loop."""
    if item.get_closest_marker("every_loop") is None:
        return {"asyncio": LOOPS["asyncio"]}
    return LOOPS
