"""A custom metric of real pods, by the real adapter, beside the HorizontalPodAutoscaler."""

import pytest

from tests.e2e.vertice.world import PATIENCE, QUICK
from tests.kit.adapter import adapting
from tests.kit.eventually import eventually_blocking

pytestmark = [pytest.mark.timeout(420), pytest.mark.deep]
BOTH = ("web", "twin")
OURS = {"type": "custom", "target": {"averageValue": "10"}, "custom": {"name": "requests"}}
THEIRS = {
    "type": "Pods",
    "pods": {
        "metric": {"name": "requests"},
        "target": {"type": "AverageValue", "averageValue": "10"},
    },
}


def measure(loaded, adapter, value):
    """Have each pod of both workloads do so much."""
    adapter.measure(
        *(
            {"metric": "requests", "resource": "pods", "name": pod, "value": value}
            for name in BOTH
            for pod in loaded.pods(name)
        )
    )


def shared(loaded, adapter, value):
    """Have the pods that there are now do so much; return what both have come to."""
    measure(loaded, adapter, value)
    return loaded.agreed()


def test_what_an_adapter_measures_is_followed_and_missed_when_it_dies(loaded, real, reached):
    """Up as the other goes; and no pod goes when nobody can say what they do."""
    for name in BOTH:
        loaded.run(name, replicas=2)
    with adapting(real, loaded.rest, loaded.namespace, loaded.folder, address=reached) as adapter:
        for name in BOTH:
            loaded.becomes(name, ready=2)
        measure(loaded, adapter, "15")
        loaded.create(metrics=[OURS], behavior=QUICK)
        loaded.beside(most=10, metric=THEIRS)
        for name in BOTH:
            loaded.becomes(name, ready=3)
        eventually_blocking(lambda: shared(loaded, adapter, "10"), equals=(3,) * 6, within=PATIENCE)

        adapter.kill()
        loaded.look()
        eventually_blocking(
            loaded.error,
            where=lambda error: "see whether its adapter runs: kubectl get apiservice" in error,
            within=PATIENCE,
        )
    assert 3 == loaded.replicas()
    assert ("False", "MetricsMissing") == loaded.condition("ScalingActive")
