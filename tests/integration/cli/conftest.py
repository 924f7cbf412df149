"""Fixtures for tests of the command line; see world."""

import pytest

from tests.integration.cli.world import PATHS, Commands


@pytest.fixture
def pentad(cluster, namespace):
    """Return the command line of an administrator, in the test's namespace."""
    return Commands(cluster.kubeconfig, namespace)


@pytest.fixture
def create(rest, namespace):
    """Return a function that creates objects in the test's namespace."""

    def make(*objects):
        for each in objects:
            rest.create(PATHS[each["kind"]].format(namespace), each)

    return make
