"""Servers behind the API server that hang: how many requests they hold up, and for how long.

The connections to the API server are those of everything else, so these have to stay few.
"""

import asyncio

import pytest

from informers.clock import LoopClock
from informers.errors import DeadlineExceeded
from reconcilers.vertice.scaler.reading.custom import CustomMetrics
from reconcilers.vertice.scaler.reading.places import OF_ASKER, TO_SERVER
from reconcilers.vertice.scaler.reading.resources import ANSWER_SECONDS, ResourceMetrics, Unread

pytestmark = pytest.mark.virtual


class Hung:
    """A client none of whose requests is answered in its time."""

    def __init__(self):
        self.clock = LoopClock()
        self.under_way = 0
        self.most = 0
        self.asked = []

    async def list(self, kind, options, *, timeout):
        """Wait in vain."""
        await self._wait(f"{kind.plural} of {options.namespace}", timeout)

    async def send(self, request, *, timeout):
        """Wait in vain."""
        await self._wait(request.path, timeout)

    async def _wait(self, what, timeout):
        self.asked.append(what)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.clock.sleep(timeout)
        finally:
            self.under_way -= 1
        raise DeadlineExceeded(f"{what}: no answer within {timeout:g} s")


async def refusals(*asked):
    """Return why each of these had no answer."""

    async def why(work):
        with pytest.raises(Unread) as error:
            await work
        return str(error.value)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(why(each)) for each in asked]
    return [task.result() for task in tasks]


async def test_a_hung_metrics_server_holds_up_few_requests():
    """Other namespaces wait for a turn, each as long as an answer may take; all are told."""
    client = Hung()
    metrics = ResourceMetrics(client, client.clock)

    told = await refusals(*(metrics.of(f"n{each}") for each in range(3 * TO_SERVER)))

    assert TO_SERVER == client.most
    assert client.clock.monotonic() <= 2 * ANSWER_SECONDS
    assert "see whether metrics-server runs: kubectl get apiservice v1beta1.metrics" in told[0]
    assert f"{TO_SERVER} other queries to this server were under way for 15 s" in told[-1]


async def test_who_waits_for_the_same_listing_waits_no_longer():
    """One asks for all; a refusal is kept, and is no answer that is at hand for longer."""
    client = Hung()
    metrics = ResourceMetrics(client, client.clock)

    told = await refusals(*(metrics.of("n") for _ in range(100)))

    assert (1, ANSWER_SECONDS) == (len(client.asked), client.clock.monotonic())
    assert 1 == len(set(told))
    assert metrics.is_at_hand("n")
    await client.clock.sleep(ANSWER_SECONDS)
    assert not metrics.is_at_hand("n")


async def test_who_reads_for_all_may_leave():
    """As when its scaler is deleted: another one reads for the others."""
    client = Hung()
    metrics = ResourceMetrics(client, client.clock)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(metrics.of("n"))
        others = group.create_task(refusals(*(metrics.of("n") for _ in range(100))))
        await client.clock.sleep(1.0)
        first.cancel()

    assert (100, 2) == (len(others.result()), len(client.asked))
    assert 1.0 + ANSWER_SECONDS == client.clock.monotonic()


async def test_a_hung_adapter_holds_up_few_requests_of_a_namespace():
    """And leaves another one its turn."""
    client = Hung()
    metrics = CustomMetrics(client)

    def of(namespace):
        return metrics.of_pods(namespace, "requests", pods="app=web", labels={})

    told = await refusals(*(of("many") for _ in range(3 * OF_ASKER)), of("one"))

    assert OF_ASKER + 1 == client.most
    assert "see whether its adapter runs" in told[-1]
    assert f"{OF_ASKER} other queries of this namespace were under way for 15 s" in told[-2]
