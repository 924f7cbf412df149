"""The objects that run the manager in a cluster: what each installation has beside its roles.

Two replicas of which one works, told apart by a Lease; a pod that needs no root, no writable disk
and no capability; a budget, so that a drained node never takes both; a policy of who may talk to
them. What an option adds (`options`) is left out here.

`made_for` is one installation with all that follows from the families it hosts. The settings of the
manager are environment variables, since patches and components can add one without repeating the
others.
"""

from typing import Any, Final

import attrs

from controller.runtime.permissions import DEFAULT, Installation
from controller.runtime.registration import Family

Document = dict[str, Any]

REGISTRY: Final = "ghcr.io/danielgonzagat"
LABEL: Final = "app.kubernetes.io"
METRICS_PORT: Final = 8080
PROBES_PORT: Final = 8081
WEBHOOK_PORT: Final = 9443
REPLICAS: Final = 2
STOP_SECONDS: Final = 30
"""What the manager takes at most to end; the pod gets ten seconds more."""


@attrs.frozen(kw_only=True)
class Workload:
    """One installation, and what runs in it."""

    at: Installation
    families: tuple[Family, ...]
    image: str
    is_partial: bool = False

    @property
    def has_webhooks(self) -> bool:
        """Whether the API server asks it anything."""
        return any(family.webhooks for family in self.families)

    @property
    def selector(self) -> dict[str, str]:
        """The labels of its pods and of no others."""
        return {f"{LABEL}/name": "pentad", f"{LABEL}/instance": self.at.name}

    @property
    def labels(self) -> dict[str, str]:
        """The labels of all of its objects."""
        return {**self.selector, f"{LABEL}/part-of": "pentad"}


def of_all(families: tuple[Family, ...], *, version: str) -> Workload:
    """Return the installation that hosts every family."""
    return Workload(at=DEFAULT, families=families, image=f"{REGISTRY}/{DEFAULT.name}:{version}")


def of_one(family: Family, *, version: str) -> Workload:
    """Return the installation of a single family."""
    at = Installation(name=f"{family.name}-operator", namespace=family.namespace)
    image = f"{REGISTRY}/{at.name}:{version}"
    return Workload(at=at, families=(family,), image=image, is_partial=True)


def _metadata(made_for: Workload, name: str = "", *, component: str = "") -> Document:
    labels = made_for.labels | ({f"{LABEL}/component": component} if component else {})
    at = made_for.at
    return {"name": name or at.name, "namespace": at.namespace, "labels": labels}


def namespace(made_for: Workload) -> Document:
    """Return the namespace; pods that ask for more than the manager does are refused in it."""
    level = "pod-security.kubernetes.io"
    labels = {f"{level}/enforce": "restricted", f"{level}/warn": "restricted"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": made_for.at.namespace, "labels": made_for.labels | labels},
    }


def account(made_for: Workload) -> Document:
    """Return the ServiceAccount; its token goes to the manager's pods, which ask for it."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(made_for),
        "automountServiceAccountToken": False,
    }


def services(made_for: Workload) -> list[Document]:
    """Return the addresses of the metrics and, where there are some, of the webhooks."""
    found = [_service(made_for, f"{made_for.at.name}-metrics", "metrics", METRICS_PORT)]
    if made_for.has_webhooks:
        found.append(_service(made_for, made_for.at.service, "webhooks", 443))
    return found


def _service(made_for: Workload, name: str, port: str, number: int) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(made_for, name, component=port),
        "spec": {
            "selector": made_for.selector,
            "ports": [{"name": port, "port": number, "targetPort": port}],
        },
    }


def settings(made_for: Workload) -> list[Document]:
    """Return the environment by which the manager learns whose it is."""
    if not made_for.is_partial:
        return []
    at = made_for.at
    said = {
        "PENTAD_FAMILIES": ",".join(family.name for family in made_for.families),
        "PENTAD_LEASE_NAME": at.name,
    }
    if made_for.has_webhooks:
        said |= {"PENTAD_WEBHOOK_SERVICE": at.service, "PENTAD_WEBHOOK_CONFIGURATIONS": at.name}
    return [{"name": name, "value": value} for name, value in said.items()]


def deployment(made_for: Workload) -> Document:
    """Return the Deployment of the manager."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(made_for),
        "spec": {
            "replicas": REPLICAS,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": made_for.selector},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {"metadata": {"labels": made_for.labels}, "spec": _pod(made_for)},
        },
    }


def _pod(made_for: Workload) -> Document:
    return {
        "serviceAccountName": made_for.at.name,
        "automountServiceAccountToken": True,
        "terminationGracePeriodSeconds": STOP_SECONDS + 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            _spread(made_for, key) for key in ("kubernetes.io/hostname", _ZONE)
        ],
        "containers": [_container(made_for)],
    }


_ZONE: Final = "topology.kubernetes.io/zone"


def _spread(made_for: Workload, key: str) -> Document:
    """On nodes and in zones of their own, as far as there are some."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": made_for.selector},
        "matchLabelKeys": ["pod-template-hash"],
    }


def _container(made_for: Workload) -> Document:
    ports = {"metrics": METRICS_PORT, "probes": PROBES_PORT}
    ports |= {"webhooks": WEBHOOK_PORT} if made_for.has_webhooks else {}
    said = settings(made_for)
    return {
        "name": "manager",
        "image": made_for.image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["manager"],
        **({"env": said} if said else {}),
        "ports": [{"name": name, "containerPort": number} for name, number in ports.items()],
        "livenessProbe": _probe("/livez", every=10, failures=3),
        "readinessProbe": _probe("/readyz", every=5, failures=2),
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _probe(path: str, *, every: int, failures: int) -> Document:
    return {
        "httpGet": {"path": path, "port": "probes"},
        "periodSeconds": every,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def budget(made_for: Workload) -> Document:
    """Return the budget: one may go at a time, however many there are, so no drain hangs."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(made_for),
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": made_for.selector},
        },
    }


def policy(made_for: Workload) -> Document:
    """Return who may talk to the manager, and to whom it may.

    Probes come from the node, which is always let through. The API server has no label to select
    it by, and calls webhooks from wherever it runs.
    """
    ingress = [{"from": [{"namespaceSelector": {}}], "ports": [_tcp(METRICS_PORT)]}]
    if made_for.has_webhooks:
        ingress.append({"ports": [_tcp(WEBHOOK_PORT)]})
    names = {"protocol": "UDP", "port": 53}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(made_for),
        "spec": {
            "podSelector": {"matchLabels": made_for.selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": [
                {"ports": [names, _tcp(53)]},
                {"ports": [_tcp(443), _tcp(6443)]},
                {"to": [{"namespaceSelector": {}}]},
            ],
        },
    }


def _tcp(port: int) -> Document:
    return {"protocol": "TCP", "port": port}
