"""Rolling updates that get stuck: pods that are not ready, and pods of which nothing is measured.

What they use, or do not, is not the load: the HorizontalPodAutoscaler does not go up for pods whose
successors are about to take their part, and neither do we.
"""

import pytest

from tests.e2e.vertice.world import CPU, PATIENCE, QUICK
from tests.kit.eventually import eventually_blocking

pytestmark = [pytest.mark.timeout(420), pytest.mark.deep]
REQUEST = 0.025
STUCK = {"unready": "no", "unmeasured": "crash"}
"""What keeps the new pods of a workload from taking a part of its load."""
PER_POD = range(125, 156)
"""Per cent of its target that each of two pods uses, which by itself asks for a third."""


def twin(name):
    """Return the twin of a workload."""
    return f"{name}-twin"


def pods(loaded, name):
    """Return how many pods a workload has, and how many of them are ready."""
    return len(loaded.pods(name)), loaded.ready(name)


def stuck(loaded, name):
    """Wait until two pods are ready and two more are not."""
    eventually_blocking(lambda: pods(loaded, name), equals=(4, 2), within=PATIENCE)


def agreed(loaded, name, replicas):
    """Wait until ours and the other ask for so many pods, and both have them."""

    def both():
        return loaded.agreed(name, twin(name))

    eventually_blocking(both, equals=(replicas,) * 6, within=PATIENCE)


def busy(loaded, name):
    """Wait until both have measured what the two ready pods use, which asks for a third."""

    def both():
        return loaded.used(name, twin(name))

    eventually_blocking(both, where=lambda used: all(map(PER_POD.count, used)), within=PATIENCE)


def test_stuck_rollouts_count_as_they_do_there(loaded):
    """No third pod while two are starting; a third, when they have started."""
    workloads = [each for name in STUCK for each in (name, twin(name))]
    for name in workloads:
        loaded.run(name, replicas=2, request=REQUEST)
        loaded.give(name, cores=2.8 * REQUEST, starting=4 * REQUEST)
    for name in workloads:
        loaded.becomes(name, ready=2)
        loaded.replace(name, ready=STUCK[name.removesuffix("-twin")])
    for name in workloads:
        stuck(loaded, name)
    for name in STUCK:
        target = {"kind": "Deployment", "name": name}
        loaded.create(name, target=target, maxReplicas=6, metrics=[CPU], behavior=QUICK)
        loaded.beside(twin(name), most=6)

    for name in STUCK:
        busy(loaded, name)
        agreed(loaded, name, 2)
    for name in workloads:
        stuck(loaded, name)
        loaded.replace(name, ready="yes")

    for name in STUCK:
        agreed(loaded, name, 3)
