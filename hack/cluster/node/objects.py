"""What the API server is told about a node's programs that are not pods.

metrics-server is a process of the node, as is the name server; the API server finds it as it would
find a pod of it, by a Service with the node's address behind it.
"""

import base64
from typing import Any, Final

from hack.cluster.network import Network

NAMESPACE: Final = "kube-system"
METRICS: Final = "metrics-server"
METRICS_PORT: Final = 4443
METRICS_API: Final = "/apis/metrics.k8s.io/v1beta1"
METRICS_HOST: Final = f"{METRICS}.{NAMESPACE}.svc"


def metrics(network: Network, *, authority: bytes) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return what makes metrics.k8s.io answer, each with the path it is created at."""
    named = {"name": METRICS, "namespace": NAMESPACE}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": named,
        "spec": {"ports": [{"name": "https", "port": 443, "targetPort": METRICS_PORT}]},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": named | {"labels": {"kubernetes.io/service-name": METRICS}},
        "addressType": "IPv4",
        "ports": [{"name": "https", "port": METRICS_PORT}],
        "endpoints": [{"addresses": [str(network.node)], "conditions": {"ready": True}}],
    }
    api = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "service": {"name": METRICS, "namespace": NAMESPACE},
            "caBundle": base64.b64encode(authority).decode(),
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
        },
    }
    return (
        (f"/api/v1/namespaces/{NAMESPACE}/services", service),
        (f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices", endpoints),
        ("/apis/apiregistration.k8s.io/v1/apiservices", api),
    )
