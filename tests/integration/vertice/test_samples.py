"""The samples that are shipped: taken as they stand, whether or not their targets are there."""

import pytest

from hack.gen.__main__ import ROOT
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from tests.integration.vertice.world import WITHIN
from tests.kit.eventually import eventually

SAMPLES = sorted((ROOT / "manifests/samples/vertice/scaler").glob("*.yaml"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
@pytest.mark.usefixtures("host")
async def test_a_sample_is_taken_and_says_what_it_waits_for(world, kubectl, sample):
    """Its target is not there yet."""
    kubectl("apply", "-n", world.namespace, "-f", str(sample))

    await eventually(
        lambda: world.condition("AbleToScale", sample.stem),
        equals=("False", "TargetMissing"),
        within=WITHIN,
    )
    target = world.rest.get(VERTICE_SCALER.path(world.namespace, sample.stem))["spec"]["target"]
    world.deploy(target["name"], replicas=1, kind=target["kind"])
    world.look(sample.stem)

    await eventually(
        lambda: world.condition("AbleToScale", sample.stem)[0], equals="True", within=WITHIN
    )


def test_the_printed_samples_are_there():
    """Under the names that the specification prints."""
    assert {"core-service-scaler", "redis-scaler"} < {path.stem for path in SAMPLES}
