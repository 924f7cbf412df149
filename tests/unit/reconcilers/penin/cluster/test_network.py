"""Who may talk to a cluster's pods: the printed policy and ours, judged by their rules alone.

No network of the local cluster enforces policies, so what they would do is computed.
"""

import pytest
import yaml

from reconcilers.penin.cluster import desired
from reconcilers.penin.cluster.services import EVERYTHING
from tests.kit.netpol import Party, may_reach
from tests.unit.reconcilers.penin.cluster.rendered import OPERATOR, SAMPLES
from tests.unit.reconcilers.penin.cluster.world import wanted

PODS = {role.label: Party(namespace="here", labels=role.pod_labels("a")) for role in EVERYTHING}
META, GUARD, SR, REDIS = (
    PODS[label] for label in ("omega-meta", "sigma-guard", "sr-omega-infinity", "redis")
)
OTHER_CLUSTER = Party(namespace="here", labels={"app": "penin-omega", "cluster": "b"})
NAMESAKE = Party(namespace="there", labels={"app": "penin-omega", "cluster": "a"})
STRANGER = Party(namespace="here", labels={"app": "shop"})
PROMETHEUS = Party(namespace="monitoring", labels={"app.kubernetes.io/name": "prometheus"})
COLLECTOR = Party(namespace="monitoring", labels={"app": "collector"})
MANAGER = Party(namespace=OPERATOR, labels={"app.kubernetes.io/name": "pentad"})
NAMES = Party(namespace="kube-system", labels={"k8s-app": "kube-dns"})
OUTSIDE = Party()


def ours(**spec):
    """Return the policy that is made for cluster a, in its namespace."""
    made = desired.network_policy(wanted(**spec), operator_namespace=OPERATOR)
    return [made | {"metadata": made["metadata"] | {"namespace": "here"}}]


def printed():
    """Return the policy of the specification, in the namespace of the cluster."""
    made = yaml.safe_load((SAMPLES / "network-policy.yaml").read_text())
    return [made | {"metadata": made["metadata"] | {"namespace": "here"}}]


MATRIX = {
    "a service asks another": (META, GUARD, 8011, "TCP", True, True),
    "a service asks Redis": (META, REDIS, 6379, "TCP", True, True),
    "a service resolves a name": (META, NAMES, 53, "UDP", False, True),
    "and a long answer": (META, NAMES, 53, "TCP", False, True),
    "a service asks a model outside": (META, OUTSIDE, 443, "TCP", False, True),
    "a service calls without TLS": (META, OUTSIDE, 80, "TCP", False, False),
    "SR-Ω∞ asks the API server": (SR, OUTSIDE, 6443, "TCP", False, True),
    "Prometheus reads a service": (PROMETHEUS, META, 8010, "TCP", False, True),
    "Prometheus reads Redis": (PROMETHEUS, REDIS, 6379, "TCP", False, False),
    "the operator reads a service": (MANAGER, GUARD, 8011, "TCP", False, True),
    "the operator reads Redis": (MANAGER, REDIS, 6379, "TCP", False, False),
    "a stranger of the namespace": (STRANGER, META, 8010, "TCP", False, False),
    "the same to Redis": (STRANGER, REDIS, 6379, "TCP", False, False),
    "another cluster of the namespace": (OTHER_CLUSTER, META, 8010, "TCP", True, False),
    "a cluster of the same name elsewhere": (NAMESAKE, META, 8010, "TCP", False, False),
    "somebody outside": (OUTSIDE, META, 8010, "TCP", False, False),
    "a service sends traces": (META, COLLECTOR, 4317, "TCP", False, False),
}


@pytest.mark.parametrize("row", MATRIX.values(), ids=MATRIX)
def test_who_may_reach_whom(row):
    """First by the printed policy, then by ours; without any, everybody may."""
    source, target, port, protocol, by_print, by_ours = row

    assert by_print == may_reach(printed(), source, target, port, protocol=protocol)
    assert by_ours == may_reach(ours(), source, target, port, protocol=protocol)
    assert may_reach([], source, target, port, protocol=protocol)


@pytest.mark.parametrize(
    ("endpoint", "port", "target"),
    [
        ("http://collector.monitoring:4317", 4317, COLLECTOR),
        ("http://collector.monitoring", 80, COLLECTOR),
        ("https://traces.example.com", 443, OUTSIDE),
    ],
)
def test_traces_may_go_where_they_are_sent(endpoint, port, target):
    """To the endpoint's port, and only while they are sent."""
    on, off = {"tracingEndpoint": endpoint}, {"tracingEndpoint": endpoint, "tracing": False}

    assert may_reach(ours(observability=on), META, target, port)
    assert (port == 443) == may_reach(ours(observability=off), META, target, port)


def test_an_endpoint_without_sense_opens_nothing():
    """A port that is none is left to the services to complain about."""
    assert ours() == ours(observability={"tracingEndpoint": "http://collector:99999"})
    assert ours() == ours(observability={"tracingEndpoint": "collector"})


def test_all_namespaces_may_read_when_none_is_named():
    """For those whose Prometheus is who knows where."""
    everybody = ours(networkPolicy={"monitoringNamespace": ""})

    assert may_reach(everybody, NAMESAKE, META, 8010)
    assert not may_reach(everybody, NAMESAKE, REDIS, 6379)
    assert not may_reach(everybody, OUTSIDE, META, 8010)
