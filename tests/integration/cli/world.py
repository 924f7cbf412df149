"""The command line as users run it, and workloads that are not well."""

import json
import os
import subprocess
import sys
from pathlib import Path

import attrs

from hack.gen.__main__ import ROOT

WITHIN = 60.0


@attrs.frozen
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        """What it printed, as JSON."""
        return json.loads(self.out)


@attrs.frozen
class Commands:
    """Runs the command line against a cluster, in a namespace."""

    kubeconfig: Path
    namespace: str

    def __call__(self, *words, environ=None):
        """Run it as the image does."""
        command = [sys.executable, "-m", "controller", "cli", *words, "-n", self.namespace]
        return self.run(command, environ=environ)

    def run(self, command, *, environ=None):
        """Run any command with the cluster's kubeconfig."""
        ours = {"KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
            env=os.environ | ours | (environ or {}),
            cwd=self.kubeconfig.parent,
        )
        return Answer(done.returncode, done.stdout, done.stderr)


def deployment(name, *, replicas=1, annotations=None, **spec):
    """Return a Deployment whose pods fake nodes play."""
    labels = {"app": name}
    container = {"name": "c", "image": "img:1"}
    template = {
        "metadata": {"labels": labels, "annotations": annotations or {}},
        "spec": {"containers": [container], **spec},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def service(name):
    """Return a Service before the pods of a Deployment."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def quota(name, **hard):
    """Return a ResourceQuota."""
    spec = {"hard": {key.replace("_", "/"): value for key, value in hard.items()}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": spec}


def stateful_set(name, *, storage_class):
    """Return a StatefulSet whose pod needs a volume."""
    labels = {"app": name}
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "img:1"}]},
            },
            "volumeClaimTemplates": [claim],
        },
    }


PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "ResourceQuota": "/api/v1/namespaces/{}/resourcequotas",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "Service": "/api/v1/namespaces/{}/services",
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "StatefulSet": "/apis/apps/v1/namespaces/{}/statefulsets",
}


def allowing(account, *rules):
    """Return a ServiceAccount that may do so much and no more."""
    subject = {"kind": "ServiceAccount", "name": account}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    group = "rbac.authorization.k8s.io/v1"
    named = {"metadata": {"name": account}}
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", **named},
        {"apiVersion": group, "kind": "Role", **named, "rules": list(rules)},
        {
            "apiVersion": group,
            "kind": "RoleBinding",
            **named,
            "subjects": [subject],
            "roleRef": role,
        },
    )
