"""Chaos runs in virtual time: `pytest.mark.virtual` works here."""

from tests.kit.virtual import pytest_asyncio_loop_factories, pytest_configure

__all__ = ["pytest_asyncio_loop_factories", "pytest_configure"]
