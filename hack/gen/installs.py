"""Which files an installation is made of: a kustomization, and everything in a single one.

One installation hosts all families, and each family has one of its own, so that one may be given a
namespace, permissions and an upgrade apart. The single file is what `kubectl apply -f` takes; the
namespace comes first in it, so that once is enough. CRDs are in neither: deleting an installation
must not delete what users made.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from controller.runtime.registration import Family
from hack.gen import options, webhook, workload
from hack.gen.options import Component
from hack.gen.workload import Document, Workload

_PROJECT: Final = Path(__file__).resolve().parents[2] / "pyproject.toml"
_KUSTOMIZATION: Final = "kustomization.yaml"
Documents = Mapping[str, Sequence[Document]]


def version() -> str:
    """Return the version of this project, which is the tag of its images."""
    found: str = tomllib.loads(_PROJECT.read_text())["project"]["version"]
    return found


def workloads(families: tuple[Family, ...]) -> dict[str, Workload]:
    """Return every installation by its folder's name."""
    now = version()
    of_one = {family.name: workload.of_one(family, version=now) for family in families}
    return {"pentad": workload.of_all(families, version=now), **of_one}


def files(families: tuple[Family, ...]) -> dict[str, list[Document]]:
    """Return the documents of every file."""
    found: dict[str, list[Document]] = {}
    for name, made_for in workloads(families).items():
        parts = objects(made_for)
        found[f"{name}.yaml"] = [each for part in parts.values() for each in part]
        found |= {f"{name}/{file}": list(part) for file, part in parts.items()}
        found[f"{name}/{_KUSTOMIZATION}"] = [_kustomization(parts)]
        namespaced = {"roles.yaml": options.per_namespace(made_for)}
        found[f"{name}/per-namespace/roles.yaml"] = namespaced["roles.yaml"]
        found[f"{name}/per-namespace/{_KUSTOMIZATION}"] = [_kustomization(namespaced)]
        for component in options.components(made_for):
            folder = f"{name}/{component.name}"
            found |= {f"{folder}/{file}": part for file, part in _component(component).items()}
    return found


def objects(made_for: Workload) -> dict[str, list[Document]]:
    """Return what an installation consists of, by file and in the order to apply it in."""
    roles = [*options.own(made_for), *options.cluster_wide(made_for), *options.lent(made_for)]
    hooks = webhook.configurations(made_for.families, made_for.at)
    return {
        "namespace.yaml": [workload.namespace(made_for)],
        "roles.yaml": [workload.account(made_for), *(_labelled(made_for, r) for r in roles)],
        "network.yaml": [*workload.services(made_for), workload.policy(made_for)],
        "manager.yaml": [workload.deployment(made_for), workload.budget(made_for)],
        **({"webhooks.yaml": [_labelled(made_for, each) for each in hooks]} if hooks else {}),
    }


def _labelled(made_for: Workload, document: Document) -> Document:
    """Return it as a part of the installation, which all of its objects can be found by."""
    metadata = document["metadata"]
    labels = {"labels": made_for.labels | metadata.get("labels", {})}
    return document | {"metadata": metadata | labels}


def _kustomization(parts: Documents) -> Document:
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(parts),
    }


def _component(component: Component) -> dict[str, list[Document]]:
    parts = {
        "objects.yaml": list(component.brings),
        options.CHANGES: list(component.changes),
    }
    kept = {name: part for name, part in parts.items() if part}
    return kept | {_KUSTOMIZATION: [options.kustomization(component)]}
