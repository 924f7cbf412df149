"""Turns on the marker of tests that run on every loop."""

from tests.kit.loops import pytest_asyncio_loop_factories, pytest_configure

__all__ = ["pytest_asyncio_loop_factories", "pytest_configure"]
