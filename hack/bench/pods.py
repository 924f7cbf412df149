"""Pods like those of real clusters, as the API server writes them: 7 KB with 2.3 KB managedFields.

The sizes are those of research into real lists: a Deployment's pod with one application container
and a sidecar, projected token volume, probes, status with conditions.
"""

import json
from typing import Any, Final

import msgspec

SIZE: Final = 7_000
MANAGED: Final = 2_300
OWNERS: Final = 500


def _managed_fields() -> list[dict[str, Any]]:
    """Return about 2.3 KB of what the controller manager, the scheduler and kubelet own."""
    container: dict[str, Any] = {
        f"f:{name}": {} for name in ("image", "imagePullPolicy", "name", "resources")
    }
    env: dict[str, Any] = {
        f'k:{{"name":"VARIABLE_{n}"}}': {".": {}, "f:name": {}, "f:value": {}} for n in range(10)
    }
    spec = {
        f'k:{{"name":"{name}"}}': {".": {}, "f:env": {".": {}, **env}, **container}
        for name in ("application", "sidecar")
    }
    meta: dict[str, Any] = {
        "f:labels": {f"f:label-{n}": {} for n in range(6)},
        "f:ownerReferences": {".": {}},
    }
    conditions: dict[str, Any] = {
        f'k:{{"type":"{type_}"}}': {".": {}, "f:lastTransitionTime": {}, "f:status": {}}
        for type_ in ("ContainersReady", "Initialized", "PodScheduled", "Ready")
    }
    return [
        {
            "manager": manager,
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2026-11-21T10:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
            **more,
        }
        for manager, fields, more in (
            ("kube-controller-manager", {"f:metadata": meta, "f:spec": {"f:containers": spec}}, {}),
            ("kubelet", {"f:status": {"f:conditions": conditions}}, {"subresource": "status"}),
        )
    ]


def _container(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"registry.example/team/{name}@sha256:{'0123456789abcdef' * 4}",
        "env": [{"name": f"VARIABLE_{n}", "value": f"value of variable {n}"} for n in range(9)],
        "resources": {
            "limits": {"cpu": "500m", "memory": "512Mi"},
            "requests": {"cpu": "100m", "memory": "256Mi"},
        },
        "volumeMounts": [
            {
                "name": "kube-api-access-x7k2p",
                "readOnly": True,
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            }
        ],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
        "terminationMessagePath": "/dev/termination-log",
        "imagePullPolicy": "IfNotPresent",
    }


def _pod() -> dict[str, Any]:
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "OWNER",
        "uid": "OWNERUID",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    condition = {"status": "True", "lastProbeTime": None, "lastTransitionTime": "TIME"}
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "NAME",
            "generateName": "OWNER-",
            "namespace": "NAMESPACE",
            "uid": "UID",
            "resourceVersion": "VERSION",
            "creationTimestamp": "2026-11-21T10:00:00Z",
            "labels": {f"label-{n}": f"value-{n}" for n in range(6)},
            "annotations": {"checksum/config": "0123456789abcdef" * 4},
            "ownerReferences": [owner],
            "managedFields": _managed_fields(),
        },
        "spec": {
            "containers": [_container("application"), _container("sidecar")],
            "nodeName": "node-017",
            "serviceAccountName": "application",
            "tolerations": [
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
            ],
        },
        "status": {
            "phase": "Running",
            "podIP": "10.1.2.3",
            "conditions": [
                condition | {"type": t} for t in ("Initialized", "Ready", "PodScheduled")
            ],
            "message": "PADDING",
        },
    }


class Pods:
    """Makes the lines of a watch of pods."""

    def __init__(self) -> None:
        text = json.dumps(_pod(), separators=(",", ":"))
        self.managed = len(json.dumps(_managed_fields(), separators=(",", ":")))
        self._text = text.replace("PADDING", "x" * max(SIZE - len(text), 0)).encode()
        msgspec.json.decode(self._text)

    @property
    def size(self) -> int:
        """Bytes per pod."""
        return len(self.object(0, 1))

    def object(self, number: int, version: int) -> bytes:
        """One pod's JSON at a version."""
        owner = number % OWNERS
        uid = f"{number:08x}-1111-4222-8333-444444444444".encode()
        return (
            self._text.replace(b"OWNERUID", f"{owner:08x}-5555-4666-8777-888888888888".encode())
            .replace(b"OWNER", b"application-%05d" % owner)
            .replace(b"NAMESPACE", b"namespace-%d" % (number % 50))
            .replace(b"NAME", b"application-%05d-%06d" % (owner, number))
            .replace(b'"UID"', b'"%s"' % uid)
            .replace(b"VERSION", b"%d" % version)
        )

    def event(self, type_: bytes, number: int, version: int) -> bytes:
        """One line of a watch, with its line end."""
        return b'{"type":"%s","object":%s}\n' % (type_, self.object(number, version))
