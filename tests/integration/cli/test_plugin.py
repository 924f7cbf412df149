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
from tests.kit.crds import established
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

STARTS = """\
#!{python}
import sys
from {module} import {function}
sys.exit({function}())
"""


@pytest.fixture
def plugged(cluster, pentad, tmp_path):
    """Return a function that runs kubectl where the plugin is, as an installation makes it."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for name, entry in scripts.items():
        module, _, function = entry.partition(":")
        script = tmp_path / name
        script.write_text(STARTS.format(python=sys.executable, module=module, function=function))
        script.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    async def run(*words):
        return await asyncio.to_thread(
            pentad.run, [cluster.kubectl, *words], environ={"PATH": path}
        )

    return run


@pytest.fixture
async def running(cluster, namespace, rest, kubectl):
    """Have a PENIN cluster run in the test's namespace."""
    crd = yaml.safe_dump(definitions([PeninOmegaCluster])[0])
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=crd)
    served = f"crd/{PENIN_OMEGA_CLUSTER.resource}"
    established(kubectl, served)
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
async def test_a_penin_cluster_is_shown_by_kubectl(plugged, namespace):
    """Overview, one object, its tree: as a user types it."""
    overview = await plugged("pentad", "-n", namespace, "status", "-o", "text")
    one = await plugged(
        "pentad", "-n", namespace, "status", "penin/penin-dev", "-o", "text", "--exit-code"
    )

    async def probe():
        return await plugged("pentad", "-n", namespace, "tree", "penin/penin-dev", "-o", "text")

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


async def test_why_a_penin_cluster_is_not_ready(plugged, running, rest, namespace):
    """From the pod without a node up to the resource, in the words of its own condition."""
    rest.merge(running, {"spec": {"placement": {"nodeSelector": {"disk": "gold"}}}})

    async def probe():
        return await plugged("pentad", "-n", namespace, "why", "penin/penin-dev", "-o", "text")

    found = await eventually(probe, where=lambda each: "has no node" in each.out, within=60)

    steps = [line for line in found.out.splitlines() if re.match(r"\d+\.", line)]
    assert "has no node" in steps[0]
    assert steps[-1].partition(" ")[2].startswith("so PeninOmegaCluster/penin-dev is not ready")


async def test_kubectl_passes_on_exit_codes(plugged, namespace):
    """So that scripts may rely on them."""
    found = await plugged("pentad", "-n", namespace, "tree", "deploy/nobody")

    assert 3 == found.code
    assert found.err.startswith(
        f"kubectl pentad: there is no Deployment 'nobody' in namespace {namespace}"
    )


@pytest.mark.parametrize(
    ("words", "offered", "directive"),
    [
        (["st"], "status\tphase, conditions and events, of one object or all", 4),
        (["tree", "deployme"], "deployments/", 6),
        (["tree", "cm/kube-"], "cm/kube-root-ca.crt", 4),
        (["why", "configmap", "kube"], "kube-root-ca.crt", 4),
        (["tree", "nonsense/"], None, 4),
    ],
)
async def test_the_shell_completes_verbs_kinds_and_names(
    plugged, namespace, words, offered, directive
):
    """As kubectl's completion asks; where nothing is known it stays silent."""
    found = await plugged("__complete", "pentad", "-n", namespace, *words)

    expected = [offered] if offered else []
    assert [*expected, f":{directive}"] == found.out.splitlines()
