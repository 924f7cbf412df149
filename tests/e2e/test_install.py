"""Installations on a real node: with the shipped image and roles, by kubectl and by Helm.

What is installed hosts a cluster of real pods (the services are stand-ins), changes hands when its
leader goes, and leaves nothing when it is taken away.
"""

import json

import pytest
import yaml

from tests.e2e.install_world import (
    CHART,
    CRDS,
    PATIENCE,
    PENIN,
    SERVICES,
    VERSION,
    cleared,
    everything,
    load_images,
    running,
    sample,
    uids,
)
from tests.kit.audit import Audit
from tests.kit.eventually import eventually_blocking
from tests.kit.node import manifest

pytestmark = pytest.mark.timeout(420)
LEASE_SECONDS = 15


@pytest.fixture
def before(real, ask):
    """Return what there was before, once the images are there."""
    load_images(real)
    return everything(ask)


@pytest.fixture
def by_kubectl(ask, before):
    """Install PENIN-Ω as it is printed, and take it away afterwards, whatever happened."""
    assert f"Namespace//{PENIN.home}" not in before
    PENIN.apply(ask)
    yield PENIN
    cleared(ask, PENIN.manifest)


def make(ask, room):
    """Apply the development sample, and wait until it runs."""
    ask("apply", f"-n={room}", "-f", "-", stdin=manifest(sample()))
    running(ask, room)
    made = ask("get", "deployments", f"-n={room}", "--output=name").split()
    assert len(made) >= len(SERVICES)


def gone(ask, before):
    """Wait until there is what there was before, and nothing else."""
    eventually_blocking(lambda: everything(ask) - before, equals=set(), within=PATIENCE)
    assert set() == before - everything(ask)


@pytest.mark.deep
def test_one_apply_installs_and_leaves_nothing(real, ask, room, before, by_kubectl):
    """Two replicas, one leader, a cluster that runs, nothing refused; and all of it goes again."""
    audit = Audit(real.audit_log, user=by_kubectl.user)
    by_kubectl.rolled_out(ask)

    there = by_kubectl.pods(ask)
    assert 2 == len(there)
    assert by_kubectl.leader(ask) in there
    make(ask, room)
    assert [] == audit.refused()

    ask("delete", "penin", "penin-dev", f"-n={room}", within=PATIENCE)
    ask("delete", "-f", str(by_kubectl.manifest), within=PATIENCE)
    ask("delete", "-k", str(CRDS))
    gone(ask, before)


@pytest.mark.deep
def test_another_replica_takes_over(ask, by_kubectl):
    """A leader that is told to end gives the Lease back; one that is killed has it run out."""
    home = f"-n={by_kubectl.home}"
    by_kubectl.rolled_out(ask)
    first = by_kubectl.leader(ask)
    ask("delete", "pod", first, home, "--wait=false")
    second = by_kubectl.led_by_another(ask, first, within=LEASE_SECONDS - 3)
    by_kubectl.rolled_out(ask)
    ask("delete", "pod", second, home, "--grace-period=0", "--force")
    third = by_kubectl.led_by_another(ask, second, within=3 * LEASE_SECONDS)

    assert third not in {first, second}


@pytest.fixture
def helmed(real, helm, before, ask):
    """Return a function that runs helm on the cluster, and uninstall what it installed."""
    assert "Namespace//pentad-system" not in before

    def run(*arguments):
        flags = ("--namespace=pentad-system",)
        done = helm(*arguments, *flags, kubeconfig=real.kubeconfig, within=PATIENCE + 60)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    yield run
    cleared(ask)
    run("uninstall", "pentad", "--ignore-not-found", "--wait")
    ask("delete", "--ignore-not-found", "namespace", "pentad-system", within=PATIENCE)


@pytest.mark.deep
def test_helm_leads_a_release_through_its_life(ask, room, before, helmed):
    """Install, test, upgrade, roll back, uninstall: pods of users stay the same throughout."""
    wait = ("--wait", f"--timeout={PATIENCE}s")
    told = helmed("install", "pentad", str(CHART), "--create-namespace", *wait)
    assert "hosting: penin" in told
    helmed("test", "pentad", f"--timeout={PATIENCE}s")
    make(ask, room)
    made = uids(ask, room)

    helmed("upgrade", "pentad", str(CHART), "--set=logLevel=debug", "--set=replicas=1", *wait)
    assert ["debug", 1] == settings(ask)
    helmed("rollback", "pentad", "1", *wait)
    assert ["", 2] == settings(ask)
    assert ["superseded", "superseded", "deployed"] == [
        each["status"] for each in json.loads(helmed("history", "pentad", "--output=json"))
    ]
    assert made == uids(ask, room)

    ask("delete", "penin", "penin-dev", f"-n={room}", within=PATIENCE)
    helmed("uninstall", "pentad", "--wait", f"--timeout={PATIENCE}s")
    assert "peninaomegaclusters.penin.ai" in ask("get", "crd", "--output=name"), "CRDs are kept"
    ask("delete", "-k", str(CRDS))
    ask("delete", "namespace", "pentad-system", within=PATIENCE)
    gone(ask, before)


def settings(ask):
    """Return what the release was told: the level of its log, and how many there are to be."""
    found = yaml.safe_load(ask("get", "deployment", "pentad", "-n=pentad-system", "-o=yaml"))
    (container,) = found["spec"]["template"]["spec"]["containers"]
    env = {each["name"]: each["value"] for each in container.get("env", [])}
    assert container["image"].endswith(f"/pentad:{VERSION}")
    return [env.get("PENTAD_LOG_LEVEL", ""), found["spec"]["replicas"]]
