"""The installations and value sets that are rendered, and foreign kinds that some of them use."""

import json
from pathlib import Path, PurePath
from typing import Any, Final

import pytest
import yaml

from controller.families import FAMILIES
from hack.gen.__main__ import ROOT
from tests.kit.foreign import SERVICE_MONITOR, serving

MANIFESTS: Final = ROOT / "manifests"
CHART: Final = MANIFESTS / "chart" / "pentad"
INSTALLATIONS: Final = tuple(sorted(path.stem for path in (MANIFESTS / "install").glob("*.yaml")))
HOMES: Final = (
    "pentad-system",
    *(family.namespace for family in FAMILIES),
    "widget-system",
    "team-a",
    "team-b",
)
FOREIGN: Final = (
    SERVICE_MONITOR,
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("cert-manager.io/v1", "Issuer"),
    ("cert-manager.io/v1", "Certificate"),
)
"""Kinds of other projects that rendered objects are of."""

VALUES: Final[dict[str, dict[str, Any]]] = {
    "defaults": {},
    "one family": {"families": ["penin"], "fullnameOverride": "penin-operator"},
    "namespaces": {"namespaces": ["team-a", "team-b"]},
    "observed": {
        "metrics": {
            "auth": True,
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        },
        "logLevel": "debug",
    },
    "cert-manager": {"webhooks": {"certManager": {"enabled": True}}},
    "air-gapped": {
        "image": {
            "registry": "registry.example:5000",
            "repository": "mirror/pentad",
            "digest": f"sha256:{'0' * 64}",
            "pullPolicy": "Always",
        },
        "imagePullSecrets": [{"name": "registry"}],
    },
    "placed": {
        "replicas": 3,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "pentad"}},
                    }
                ]
            }
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "pentad"}},
            }
        ],
        "priorityClassName": "system-cluster-critical",
        "podAnnotations": {"example.com/note": "yes"},
        "podLabels": {"team": "platform"},
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
    },
    "others' account": {
        "serviceAccount": {"create": False, "name": "operators"},
        "rbac": {"create": False},
        "crds": {"install": False},
    },
    "least": {
        "replicas": 1,
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "rbac": {"aggregate": False},
        "crds": {"keep": False},
        "stopSeconds": 5,
        "extraEnv": [{"name": "PENTAD_LEASE_SECONDS", "value": "30"}],
    },
}
"""What users set, by what they want."""


@pytest.fixture(scope="module")
def foreign(kubectl):
    """Have kinds of other projects served, as far as a dry run needs it, and no longer."""
    with serving(kubectl, FOREIGN):
        yield


@pytest.fixture
def rendered(helm, tmp_path):
    """Return a function that renders the chart with values, and returns its objects."""

    def render(
        values: dict[str, Any],
        *,
        release: str = "pentad",
        namespace: str = "pentad-system",
        chart: Path = CHART,
    ) -> list[dict[str, Any]]:
        path = write_values(tmp_path, values)
        flags = (f"--namespace={namespace}", f"--values={path}", "--skip-tests")
        done = helm("template", release, str(chart), *flags)
        assert done.returncode == 0, done.stderr
        return [each for each in yaml.safe_load_all(done.stdout) if each]

    return render


def write_values(folder: Path, values: dict[str, Any]) -> Path:
    """Write values to a file of their own, and return it."""
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def dry_run(kubectl, rest):
    """Return a function that asks the server for each object, and returns what it would store."""
    for name in HOMES:
        body = {"metadata": {"name": name}}
        assert rest.request("POST", "/api/v1/namespaces", body).status in {201, 409}

    def ask(documents):
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
        flags = ("--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts")
        found = json.loads(kubectl("apply", *flags, "-o", "json", "-f", "-", stdin=text))
        return found["items"] if found["kind"] == "List" else [found]

    return ask


def kustomized(kubectl, folder, *components, tmp_path=None):
    """Return the objects of a folder, with components by way of an overlay."""
    if components:
        overlay = tmp_path / "overlay"
        overlay.mkdir()
        up = PurePath(*[".."] * (len(overlay.parts) - 1))
        content = {
            "resources": [str(up.joinpath(*folder.parts[1:]))],
            "components": [str(up.joinpath(*each.parts[1:])) for each in components],
        }
        (overlay / "kustomization.yaml").write_text(yaml.safe_dump(content))
        folder = overlay
    return list(yaml.safe_load_all(kubectl("kustomize", str(folder))))


def names(documents):
    """Return kind, namespace and name of each object."""
    return sorted(
        (each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"])
        for each in documents
    )


def key(document):
    """Return what tells an object from others."""
    metadata = document["metadata"]
    return document["kind"], metadata.get("namespace", ""), metadata["name"]


def stored(document):
    """Return what counts of an object: what the server or Helm adds to it does not."""
    kept = {name: part for name, part in document.items() if name not in {"metadata", "status"}}
    metadata = document["metadata"]
    labels = metadata.get("labels", {})
    ours = {
        name: value
        for name, value in labels.items()
        if not name.startswith("helm.sh/") and name != "app.kubernetes.io/managed-by"
    }
    if document["kind"] == "CustomResourceDefinition":
        ours = {}
    return kept | {"labels": ours}
