"""Every sample of the family is taken by the API server as it stands."""

import pytest
import yaml

from hack.gen.__main__ import ROOT

SAMPLES = sorted((ROOT / "manifests/samples/penin").glob("*.yaml"))


@pytest.fixture
def where(sample, kubectl, namespace):
    """Return the flags that say where a sample goes; a namespace that it names is there."""
    named = yaml.safe_load(sample.read_text())["metadata"].get("namespace")
    if named is None:
        yield ("-n", namespace)
        return
    if named != "default":
        kubectl("create", "namespace", named)
    yield ()
    if named != "default":
        kubectl("delete", "namespace", named, "--wait=false")


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_taken(sample, kubectl, where):
    """With every field known."""
    kubectl("apply", "--validate=strict", *where, "-f", str(sample))

    kubectl("delete", "--wait=false", *where, "-f", str(sample))
