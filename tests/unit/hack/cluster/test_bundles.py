"""What is built, and the committed module graphs it is built from."""

import re

import pytest

from hack.cluster.bundles import MODULES, bundles, tools
from hack.cluster.modules import derive
from hack.cluster.releases import DEFAULT, resolve

DEFAULTS = {
    bundle.name: bundle for bundle in (*bundles(resolve(DEFAULT), node=True), *tools().values())
}
REQUIRED = {
    "kubernetes": "k8s.io/kubernetes",
    "etcd": "go.etcd.io/etcd/server/v3",
    "kwok": "sigs.k8s.io/kwok",
    "containerd": "github.com/containerd/containerd/v2",
    "plugins": "github.com/containernetworking/plugins",
    "coredns": "github.com/coredns/coredns",
    "metrics-server": "sigs.k8s.io/metrics-server",
    "helm": "helm.sh/helm/v4",
    "prometheus": "github.com/prometheus/prometheus",
}


@pytest.mark.parametrize("name", REQUIRED)
def test_committed_graph_is_of_the_pinned_version(name):
    """A graph requires the very version its bundle is named after, and its sums are there."""
    graph = (MODULES / name / "go.mod").read_text()

    versions = re.findall(rf"{re.escape(REQUIRED[name])} v(\S+)", graph)
    assert [str(DEFAULTS[name].version)] == versions
    assert f"{REQUIRED[name]} v{versions[0]} h1:" in (MODULES / name / "go.sum").read_text()


@pytest.mark.parametrize("name", REQUIRED)
def test_committed_graph_declares_what_is_built_from_it(name):
    """Every program of a bundle is a tool of its graph, so that tidying keeps what it needs."""
    graph = (MODULES / name / "go.mod").read_text()

    assert all(package in graph for package in DEFAULTS[name].programs.values())


def test_the_adapter_is_of_the_kubernetes_it_runs_beside():
    """Its library asks for less: what it is linked with is what the cluster is made of."""
    graph = (MODULES / "adapter" / "go.mod").read_text()
    kubernetes = DEFAULTS["kubernetes"].version

    found = re.findall(r"^\tk8s\.io/(?:apiserver|client-go|metrics) v(\S+)", graph, re.MULTILINE)
    assert 3 * [f"0.{kubernetes.minor}.{kubernetes.patch}"] == found
    assert f"custom-metrics-apiserver v1.{kubernetes.minor}." in graph


def test_committed_graph_is_what_would_be_derived():
    """The default's replacements are those that would be made for any other version."""
    graph = (MODULES / "kubernetes" / "go.mod").read_text()
    replaced = re.findall(r"^\t(k8s\.io/\S+) => ", graph, re.MULTILINE)
    original = "\n".join(f"{module} => ./staging/src/{module}" for module in replaced)

    derived = derive(f"go 1.26.0\n{original}", DEFAULTS["kubernetes"].version)

    block = re.compile(r"^replace \(.*?^\)", re.MULTILINE | re.DOTALL)
    assert block.search(derived)[0] == block.search(graph)[0]


def test_folders_are_apart():
    """Each bundle of each version has a cache folder of its own."""
    folders = [bundle.folder for asked in ("1.36", "1.36.1") for bundle in bundles(resolve(asked))]

    assert len({*folders}) == 4


def test_prometheus_says_the_number_that_people_know():
    """Its module is numbered v0.313.5 where the program is 3.13.5."""
    prometheus = tools()["promtool"]

    assert ("0.313.5", ["3.13.5"]) == (str(prometheus.version), [*prometheus.stamps.values()])
