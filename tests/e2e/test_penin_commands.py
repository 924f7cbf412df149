"""Every printed command of PENIN-Ω runs as the table of docs/guide/penin-commands.md says."""

import functools
import json
import os
import re

import pytest

from hack.gen.__main__ import ROOT
from tests.e2e.install_world import REGISTRY, SERVICES, load_images
from tests.e2e.printed import rows, shell
from tests.integration.penin.world import is_running
from tests.kit.cluster import kubectl_of
from tests.kit.eventually import eventually_blocking
from tests.kit.images import ensure

ROWS = rows(ROOT / "docs/guide/penin-commands.md")
HERE = {"checkout", "control plane"}
NODE = {"control plane", "node"}
NOWHERE = {"docker"}
CHANGES = re.compile(r"kubectl (?:apply|patch|edit|create|delete)\b")
PATIENCE = 120
OTHERS = re.compile(r"penin-prod|-n (?:dev|staging|prod)$|my-cluster|fragments|network-policy")
"""What concerns other clusters, or makes penin-dev too large for one node."""
LABELS = "app=penin-omega,cluster=penin-dev"
SAYS = {
    "kubectl get crd peninaomegaclusters.penin.ai": "peninaomegaclusters.penin.ai",
    "kubectl get peninaomegaclusters": r"penin-dev +Running +0\.9\.0 +4/4 +True",
    "kubectl get penin": r"penin-dev +Running +0\.9\.0 +4/4 +True",
    "kubectl describe penin penin-dev": "AllServicesHealthy(?s:.*)Events:(?s:.*)Running",
    f"kubectl get pods -l {LABELS}": r"penin-dev-omega-meta-\S+ +1/1 +Running",
    f"kubectl get svc -l {LABELS}": r"penin-dev-omega-meta .* 8010/TCP",
    "kubectl get penin penin-dev -o yaml": r"sigmaGuard: 3(?s:.*)phase: Running",
    "kubectl get events --sort-by='.lastTimestamp' | grep penin": "peninomegacluster/penin-dev",
    "kubectl get pods -n penin-system": r"penin-operator-\S+ +1/1 +Running",
    "kubectl logs -n penin-system deployment/penin-operator": "caches_synced",
    "kubectl logs -l app=penin-omega,service=omega-meta": r"\S",
    f"kubectl top pods -l {LABELS}": "penin-dev-omega-meta",
    "curl http://localhost:8010/metrics": "penin_alpha",
    "curl http://localhost:8010/health": r"\S",
}
"""What the output of a command has, as a regular expression."""


def test_every_row_is_run_or_says_why_not():
    """Nothing is run nowhere, or as something else, without a reason."""
    unreasoned = [row.printed for row in ROWS if not row.why and (row.differs or is_left_out(row))]

    assert [] == unreasoned
    assert HERE | NODE | NOWHERE == {row.needs for row in ROWS}
    assert set() == SAYS.keys() - {row.runs_as for row in ROWS}


def is_left_out(row):
    """Whether no test runs it."""
    return row.needs in NOWHERE


def restless(shell, kubectl):
    """Return the clusters that do not run as their newest specs want, and what they say."""
    shell.check()
    found = json.loads(kubectl("get", "penin", "-A", "-o", "json"))["items"]
    return {
        f"{each['metadata']['namespace']}/{each['metadata']['name']}": each.get("status")
        for each in found
        if not is_running(each)
    }


def run(rows, shell, kubectl):
    """Run rows, each once all clusters have come to rest from the one before; check their words."""
    for row in rows:
        if row.runs_as in SAYS:
            says = re.compile(SAYS[row.runs_as])
            look = functools.partial(shell.run, row.runs_as)
            eventually_blocking(look, where=says.search, within=PATIENCE)
            continue
        shell.run(row.runs_as)
        if CHANGES.search(row.runs_as):
            look = functools.partial(restless, shell, kubectl)
            eventually_blocking(look, equals={}, within=PATIENCE)


@pytest.mark.timeout(900)
def test_commands_that_need_no_real_pods(own_cluster, tmp_path):
    """On the local control plane with fake nodes and the manager of `make run`."""
    cluster = own_cluster(fake_nodes=3)
    kubectl = kubectl_of(cluster)
    with shell(cluster, tmp_path) as sh:
        run([row for row in ROWS if row.needs in HERE], sh, kubectl)

    assert_gone(kubectl)


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_commands_about_real_pods(own_cluster, tmp_path):
    """On a real node, with the manager installed in the cluster and stand-ins for the services."""
    assert os.geteuid() == 0, "a real node needs root: run `make e2e` as root"
    cluster = own_cluster(node=True)
    load_images(cluster)
    ensure(cluster, "penin-service", [f"{REGISTRY}/penin-{name}:1.0.0" for name in SERVICES])
    kubectl = kubectl_of(cluster)
    wanted = [row for row in ROWS if row.needs in NODE and not OTHERS.search(row.runs_as)]
    assert {row for row in ROWS if row.needs == "node"} <= {*wanted}
    with shell(cluster, tmp_path) as sh:
        run(wanted, sh, kubectl)

    assert_gone(kubectl)


def assert_gone(kubectl):
    """Wait until nothing of penin-dev is left."""
    gone = ("get", "deployments,services,configmaps,networkpolicies", "-l", LABELS, "-o", "name")
    eventually_blocking(lambda: kubectl(*gone), equals="", within=60)
