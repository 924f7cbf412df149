"""T20: who makes the watch of a kind start when its CRD appears."""

import random

import pytest

from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.kinds import Kind
from informers.reflector import Source
from tests.integration.informers.objects import establish
from tests.kit.eventually import eventually
from tests.kit.mirror import FAST

LATE = Kind("test.pentad.dev", "v1alpha1", "Latecomer", "latecomers")
SOON = 15
"""Less than any pause by far; a server takes its time to serve what it calls established."""


class Spread(random.Random):
    """Spreads a pause over more than ten minutes, so that it does not end by itself."""

    by = 1_000.0

    def random(self):
        """Return what a pause is made longer by."""
        return self.by


@pytest.fixture
def serve(kubectl):
    """Return what makes the server serve the kind; it is not served afterwards."""
    yield lambda: establish(kubectl, LATE)
    name = f"{LATE.plural}.{LATE.group}"
    kubectl("delete", "crd", name, "--ignore-not-found", "--timeout=60s")


async def test_t20_a_new_crd_starts_the_watch_and_not_the_end_of_a_pause(
    cluster, namespace, rest, serve
):
    """Its first try has failed and its next is due in ten minutes; the CRD ends that wait."""
    client, spread = Client(await connect(kubeconfig=cluster.kubeconfig)), Spread()
    async with Informers(client, namespaces=[namespace], rng=spread, pace=FAST) as informers:
        informer = informers.acquire(Source(kind=LATE), optional=True)
        [reflector] = informer.reflectors
        await eventually(lambda: reflector.statistics.failures, equals=1)
        assert informer.is_absent

        spread.by = 0.0
        serve()
        await eventually(lambda: not informer.is_absent, within=SOON)
        body = {"apiVersion": LATE.api_version, "kind": LATE.kind, "metadata": {"name": "x"}}
        rest.create(LATE.path(namespace), body)
        await eventually(lambda: len(informer.store), equals=1, within=SOON)
    await client.close()
