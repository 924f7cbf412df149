"""The difference between challenger and champion: one merge patch of the cluster's spec.

It is what the challenger's pods are rendered from, what a promotion writes, and what the user is
told to run: the three cannot differ. A version becomes the image of this one service, since the
other services of that version were not tried.
"""

import shlex
from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from informers.meta.codec import convert, encode, to_builtins
from reconcilers.penin.api.experiment import PROMOTE, PeninExperimentSpec
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaClusterSpec
from reconcilers.penin.cluster.services import SERVICES, Role

Patch = dict[str, Any]
_BY_KEY: Final[Mapping[str, Role]] = {role.key: role for role in SERVICES}


def role_of(spec: PeninExperimentSpec) -> Role:
    """Return the service that is tried."""
    return _BY_KEY[spec.service]


def patch(spec: PeninExperimentSpec, cluster: PeninOmegaClusterSpec) -> Patch:
    """Return what to merge into the cluster's spec so that the champion becomes the challenger."""
    role, challenger = role_of(spec), spec.challenger
    made: Patch = {}
    image = challenger.image
    if challenger.version is not UNSET:
        registry = cluster.images.registry.rstrip("/")
        image = f"{registry}/penin-{role.label}:{challenger.version}"
    if image is not UNSET:
        made["images"] = {"services": {role.key: image}}
    if challenger.config is not UNSET:
        made["config"] = to_builtins(challenger.config)
    if challenger.resources is not UNSET:
        made["resources"] = {role.key: to_builtins(challenger.resources)}
    return made


def merged(cluster: PeninOmegaClusterSpec, change: Patch) -> PeninOmegaClusterSpec:
    """Return the spec with the change in it."""
    return convert(_merge(to_builtins(cluster), change), PeninOmegaClusterSpec)


def is_in(cluster: PeninOmegaClusterSpec, change: Patch) -> bool:
    """Whether the spec says so already; amounts that are equal are equal however written."""
    return merged(cluster, change) == cluster


def command(cluster: str, namespace: str, change: Patch) -> str:
    """Return what a person runs to promote the challenger."""
    body = shlex.quote(encode({"spec": change}, sort_keys=True).decode())
    plural = PENIN_OMEGA_CLUSTER.plural
    return f"kubectl -n {namespace} patch {plural} {cluster} --type=merge -p {body}"


def annotation_command(experiment: str, namespace: str) -> str:
    """Return what a person runs to have the operator promote it."""
    return f"kubectl -n {namespace} annotate pexp {experiment} {PROMOTE}=true"


def _merge(value: Patch, change: Patch) -> Patch:
    """Merge as the API server does; our changes hold no null."""
    return value | {
        name: _merge(value.get(name) or {}, new) if isinstance(new, dict) else new
        for name, new in change.items()
    }
