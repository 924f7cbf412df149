"""`kubectl pentad`, run by kubectl, on a PENIN cluster that its controller makes."""

import asyncio
import os
import re
import sys
import tomllib

import pytest
import yaml

from hack.gen.__main__ import ROOT
from hack.gen.crd import definitions
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster.reconciler import set_up
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

PLUGIN = "kubectl-pentad"
STARTS = """\
#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""


@pytest.fixture
def plugged(cluster, pentad, tmp_path):
    """Return a function that runs `kubectl pentad`; the plugin is what an installation makes."""
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"][PLUGIN]
    module, _, function = entry.partition(":")
    script = tmp_path / PLUGIN
    script.write_text(STARTS.format(python=sys.executable, module=module, function=function))
    script.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    async def run(*words):
        command = [cluster.kubectl, "pentad", *words]
        return await asyncio.to_thread(pentad.run, command, environ={"PATH": path})

    return run


@pytest.fixture
async def running(cluster, namespace, rest, kubectl):
    """Have a PENIN cluster run in the test's namespace."""
    crd = yaml.safe_dump(definitions([PeninOmegaCluster])[0])
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=crd)
    served = f"crd/{PENIN_OMEGA_CLUSTER.resource}"
    kubectl("wait", "--for=condition=Established", "--timeout=30s", served)
    path = PENIN_OMEGA_CLUSTER.path(namespace)
    made = {
        "apiVersion": PENIN_OMEGA_CLUSTER.api_version,
        "kind": PENIN_OMEGA_CLUSTER.kind,
        "metadata": {"name": "penin-dev"},
        "spec": {},
    }
    async with hosted(cluster, set_up, namespaces=[namespace]):
        rest.create(path, made)
        await eventually(
            lambda: rest.get(f"{path}/penin-dev").get("status", {}).get("phase"),
            equals="Running",
            within=60,
        )
        yield f"{path}/penin-dev"


@pytest.mark.usefixtures("running")
async def test_a_penin_cluster_is_shown_by_kubectl(plugged):
    """Overview, one object, its tree: as a user types it."""
    overview = await plugged("status", "-o", "text")
    one = await plugged("status", "penin/penin-dev", "-o", "text", "--exit-code")

    async def probe():
        return await plugged("tree", "penin/penin-dev", "-o", "text")

    served = re.compile(r"[├└]─ Service/penin-dev-sigma-guard +1/1 +Current")
    tree = await eventually(probe, where=lambda each: served.search(each.out), within=30)
    assert re.search(
        r"^PeninOmegaCluster/penin-dev +Running +True +\S+ +\S", overview.out, re.MULTILINE
    )
    assert (0, "") == (one.code, one.err)
    assert re.search(r"^  phase +Running$", one.out, re.MULTILINE)
    assert re.search(r"^  Ready +True +\S+ +AllServicesHealthy", one.out, re.MULTILINE)
    assert re.search(r"^├─ Deployment/penin-dev-omega-meta +1/1 +Current", tree.out, re.MULTILINE)
    assert re.search(r"^│  └─ ReplicaSet/penin-dev-omega-meta-\S+ +1/1", tree.out, re.MULTILINE)
    assert "ConfigMap/penin-dev-" in tree.out


async def test_why_a_penin_cluster_is_not_ready(plugged, running, rest):
    """From the pod without a node up to the resource, in the words of its own condition."""
    rest.merge(running, {"spec": {"placement": {"nodeSelector": {"disk": "gold"}}}})

    async def probe():
        return await plugged("why", "penin/penin-dev", "-o", "text")

    found = await eventually(probe, where=lambda each: "has no node" in each.out, within=60)

    steps = [line for line in found.out.splitlines() if re.match(r"\d+\.", line)]
    assert "has no node" in steps[0]
    assert steps[-1].partition(" ")[2].startswith("so PeninOmegaCluster/penin-dev is not ready")


async def test_kubectl_passes_on_exit_codes(plugged, namespace):
    """So that scripts may rely on them."""
    found = await plugged("tree", "deploy/nobody")

    assert 3 == found.code
    assert found.err.startswith(
        f"kubectl pentad: there is no Deployment 'nobody' in namespace {namespace}"
    )
