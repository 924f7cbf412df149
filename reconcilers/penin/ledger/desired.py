"""What a cluster has for its ledger beside the volume: a writer, and what lets it write. Pure.

The writer is of the operator's own image, one pod and never two: the volume is its alone. It may
read the ConfigMaps of its namespace and change one, in which it reports.
"""

from collections.abc import Sequence
from typing import Any, Final

import attrs

from informers.meta.kinds import Kind
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.cluster.claim import name as claim_name
from reconcilers.penin.cluster.services import APP
from reconcilers.penin.ledger.entries import HEAD, PORT, SERVICE, Place, labels

ROLE: Final = Kind("rbac.authorization.k8s.io", "v1", "Role", "roles")
ROLE_BINDING: Final = Kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
FOLDER: Final = "/ledger"
_USER: Final = 65532
"""That of the image."""
_AMOUNTS: Final = {"cpu": "100m", "memory": "128Mi"}

Body = dict[str, Any]


@attrs.frozen(kw_only=True)
class Writing:
    """A cluster whose ledger is to be written, and by what."""

    cluster: PeninOmegaCluster
    place: Place
    image: str

    @property
    def name(self) -> str:
        """What everything of the writer is called."""
        return writer_name(self.place.cluster)

    @property
    def labels(self) -> dict[str, str]:
        """What its objects and pods are found by."""
        return {"app": APP, "cluster": self.place.cluster, "service": SERVICE}


def writer_name(cluster: str) -> str:
    """Return what everything of a cluster's writer is called."""
    return f"{cluster}-{SERVICE}"


def children(writing: Writing) -> Sequence[Body]:
    """Return all of it."""
    return (account(writing), role(writing), binding(writing), head(writing), deployment(writing))


def account(writing: Writing) -> Body:
    """Return who the writer is."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": writing.name, "labels": writing.labels},
        "automountServiceAccountToken": False,
    }


def role(writing: Writing) -> Body:
    """Return what it may do: read entries, and report."""
    reading = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    reporting = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [writing.place.head],
        "verbs": ["patch"],
    }
    return {
        "apiVersion": ROLE.api_version,
        "kind": ROLE.kind,
        "metadata": {"name": writing.name, "labels": writing.labels},
        "rules": [reading, reporting],
    }


def binding(writing: Writing) -> Body:
    """Return what lets it."""
    subject = {"kind": "ServiceAccount", "name": writing.name, "namespace": writing.place.namespace}
    return {
        "apiVersion": ROLE_BINDING.api_version,
        "kind": ROLE_BINDING.kind,
        "metadata": {"name": writing.name, "labels": writing.labels},
        "roleRef": {"apiGroup": ROLE.group, "kind": ROLE.kind, "name": writing.name},
        "subjects": [subject],
    }


def head(writing: Writing) -> Body:
    """Return where it reports; what it says there is its own."""
    cluster = writing.place.cluster
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": writing.place.head, "labels": labels(cluster, HEAD)},
    }


def deployment(writing: Writing) -> Body:
    """Return the writer: an old one ends before a new one begins."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": writing.name, "labels": writing.labels},
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": writing.labels},
            "template": {
                "metadata": {"labels": writing.labels, "annotations": _scraped(writing)},
                "spec": _pod(writing),
            },
        },
    }


def _scraped(writing: Writing) -> dict[str, str]:
    if not writing.cluster.spec.observability.metrics:
        return {}
    prefix = "prometheus.io"
    return {f"{prefix}/scrape": "true", f"{prefix}/port": str(PORT), f"{prefix}/path": "/metrics"}


def _pod(writing: Writing) -> Body:
    spec = writing.cluster.spec
    claim = {"claimName": claim_name(writing.place.cluster)}
    pod: Body = {
        "serviceAccountName": writing.name,
        "automountServiceAccountToken": True,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(writing)],
        "volumes": [{"name": "ledger", "persistentVolumeClaim": claim}],
    }
    if spec.placement.node_selector:
        pod["nodeSelector"] = dict(spec.placement.node_selector)
    if spec.images.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in spec.images.pull_secrets]
    return pod


def _container(writing: Writing) -> Body:
    def probe(path: str) -> Body:
        return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 5}

    return {
        "name": SERVICE,
        "image": writing.image,
        "imagePullPolicy": writing.cluster.spec.images.pull_policy,
        "args": [
            "ledger-writer",
            f"--cluster={writing.place.cluster}",
            f"--path={FOLDER}/ledger.jsonl",
            f"--address=:{PORT}",
        ],
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": {"requests": _AMOUNTS, "limits": _AMOUNTS},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "ledger", "mountPath": FOLDER}],
        "readinessProbe": probe("/health") | {"periodSeconds": 5},
        "livenessProbe": probe("/livez") | {"periodSeconds": 10, "failureThreshold": 6},
    }
