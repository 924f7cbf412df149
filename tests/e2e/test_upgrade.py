"""From the commit before to the present one: pods of users are replaced only where they have to be.

The manager of the commit before is built from the repository's history, with the present image
recipe; CRDs are that commit's until the upgrade. Two commits that render pods differently
replace pods, one service after the other; the same template keeps the same pods.
"""

import asyncio
import json
import subprocess

import attrs
import pytest

from hack.cluster.progress import Progress
from hack.gen.__main__ import ROOT
from hack.images import recipes
from hack.images.loading import load
from hack.images.store import provide
from reconcilers.penin.cluster.desired import SETTINGS_HASH
from tests.e2e.install_world import (
    CRDS,
    PATIENCE,
    PENIN,
    REGISTRY,
    cleared,
    load_images,
    running,
    sample,
    uids,
)
from tests.kit.eventually import eventually_blocking
from tests.kit.node import manifest

pytestmark = pytest.mark.timeout(600)
BEFORE = f"{REGISTRY}/{PENIN.name}:before"


@pytest.fixture
def earlier(tmp_path):
    """Return the tree of the commit before."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", "HEAD~1"]
    archive = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert archive.returncode == 0, f"the commit before is needed: {archive.stderr.decode()}"
    folder = tmp_path / "earlier"
    folder.mkdir()
    unpack = ["tar", "-x", "-C", str(folder)]
    subprocess.run(unpack, input=archive.stdout, timeout=60, check=True)
    return folder


@pytest.fixture
def installed(real, ask, earlier):
    """Install the manager of the commit before, and take away what there is in the end."""
    load_images(real, manager=(PENIN.name,))
    recipe = attrs.evolve(
        recipes.find("pentad"),
        context=earlier,
        requirements=earlier / "requirements/runtime.txt",
    )
    (built,) = asyncio.run(provide([recipe], progress=Progress()))
    load(real, built, [BEFORE])
    ask("apply", "--server-side", "-k", str(earlier / "manifests/crd"))
    old = PENIN.manifest.read_text().replace(PENIN.image, BEFORE)
    assert BEFORE in old
    ask("apply", "-f", "-", stdin=old)
    PENIN.rolled_out(ask)
    yield
    cleared(ask, PENIN.manifest)


def templates(ask, room):
    """Return the hash of what each service was given."""
    found = json.loads(ask("get", "deployments", f"-n={room}", "-o=json"))["items"]
    return {
        each["metadata"]["labels"]["service"]: each["metadata"]["annotations"][SETTINGS_HASH]
        for each in found
    }


def reconciled(ask):
    """Tell how often the leader, of the present commit, has looked at clusters."""
    name = PENIN.leader(ask)
    pod = PENIN.pods(ask).get(name)
    if pod is None or pod["spec"]["containers"][0]["image"] == BEFORE:
        return 0
    page = ask("get", "--raw", f"/api/v1/namespaces/{PENIN.home}/pods/{name}:8080/proxy/metrics")
    line = 'pentad_reconcile_total{controller="penin-cluster",result="success"} '
    found = [each.removeprefix(line) for each in page.splitlines() if each.startswith(line)]
    return sum(map(float, found))


@pytest.mark.deep
@pytest.mark.usefixtures("installed")
def test_pods_stay_unless_their_template_differs(ask, room):
    """After the upgrade the cluster runs, and every pod whose template is the same is the same."""
    ask("apply", f"-n={room}", "-f", "-", stdin=manifest(sample()))
    running(ask, room)
    given, made = templates(ask, room), uids(ask, room)

    ask("apply", "--server-side", "--force-conflicts", "-k", str(CRDS))
    ask("apply", "-f", str(PENIN.manifest))
    PENIN.rolled_out(ask)
    eventually_blocking(lambda: reconciled(ask), where=bool, within=PATIENCE)
    running(ask, room)
    given_now, made_now = templates(ask, room), uids(ask, room)
    same = {service for service in given if given[service] == given_now.get(service)}

    assert given_now.keys() == made_now.keys() == made.keys()
    assert {service: made[service] for service in same} == {
        service: made_now[service] for service in same
    }
    ask("delete", "penin", "penin-dev", f"-n={room}", within=PATIENCE)
