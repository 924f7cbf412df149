"""T26 with the durations of production, 15/10/2 s, on a real Lease; a minute of real time.

The shortened twin is in tests/chaos/test_election_threads.py.
"""

import pytest

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.elector import Elector
from controller.runtime.election.fence import boottime
from controller.runtime.election.machine import Outcome
from informers.connection import connect
from informers.errors import FenceClosed
from tests.chaos.election_candidate import candidate
from tests.chaos.test_election_threads import hold_the_interpreter, spin

STALL = 20.0


async def test_t26_loop_blocked_for_twenty_seconds_keeps_the_lease(cluster, namespace):
    """Five seconds more than the lease in Python code: no renewal is missed, nobody takes over."""
    config = ElectionConfig(name="l", namespace=namespace)
    async with Elector(config, await connect(kubeconfig=cluster.kubeconfig)) as elector:
        await elector.wait_leading()
        with candidate(cluster.kubeconfig, namespace=namespace) as rival:
            spin(STALL)
            elector.fence.check()
            statistics = elector.statistics()
            assert (statistics.is_leader, statistics.transitions) == (True, 0)
            assert statistics.renew_age < 2 * config.retry
            assert rival.events() == []
            await elector.release()


async def test_t26_interpreter_held_for_twenty_seconds_trips_the_fence(cluster, namespace):
    """On waking no write passes; the rival began to lead seconds after the fence had closed."""
    config = ElectionConfig(name="l", namespace=namespace)
    async with Elector(config, await connect(kubeconfig=cluster.kubeconfig)) as elector:
        await elector.wait_leading()
        with candidate(cluster.kubeconfig, namespace=namespace) as rival:
            open_until = boottime() + elector.fence.remaining()
            hold_the_interpreter(STALL)
            with pytest.raises(FenceClosed):
                elector.fence.check()
            (taken_at,) = rival.wait("leading")
            margin = config.lease - config.renew_deadline
            assert float(taken_at) - open_until > margin - config.retry
            assert (await elector.wait_lost()).outcome is Outcome.LOST
