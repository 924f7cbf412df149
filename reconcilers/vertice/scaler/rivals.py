"""Who else scales the same workload: two that do would undo each other's work for ever.

An autoscaler of Kubernetes, of KEDA, or another scaler of ours on the target means that nothing is
written. Of two scalers of ours the older one goes on, so that a mistake made later changes nothing.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from msgspec import Struct

from informers.meta.crd import Definition
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from reconcilers.vertice.api.scaler import Target, VerticeScaler

AUTOSCALER: Final = Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
SCALED_OBJECT: Final = Kind("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")
_APPS: Final = "apps/v1"
_DEPLOYMENT: Final = "Deployment"


class Reference(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an autoscaler scales; KEDA leaves out what is usual."""

    api_version: str = _APPS
    kind: str = _DEPLOYMENT
    name: str = ""


class _Scaling(Struct, frozen=True, kw_only=True, rename="camel"):
    scale_target_ref: Reference = Reference()


class Autoscaler(Resource, frozen=True, kw_only=True, rename="camel"):
    """A HorizontalPodAutoscaler, as far as what it scales."""

    definition: ClassVar[Definition] = Definition(kind=AUTOSCALER)

    spec: _Scaling = _Scaling()


class ScaledObject(Resource, frozen=True, kw_only=True, rename="camel"):
    """A ScaledObject of KEDA, as far as what it scales."""

    definition: ClassVar[Definition] = Definition(kind=SCALED_OBJECT)

    spec: _Scaling = _Scaling()


def rival(
    scaler: VerticeScaler,
    *,
    scalers: Iterable[VerticeScaler],
    autoscalers: Iterable[Autoscaler | ScaledObject],
) -> str:
    """Name who else scales the target of a scaler; all are of its namespace. Empty if nobody does.

    An autoscaler that KEDA made for its ScaledObject is named once, as either of the two.
    """
    target = scaler.spec.target
    for other in autoscalers:
        if _is_same(target, other.spec.scale_target_ref):
            return f"{other.definition.kind.kind} {other.metadata.name}"
    mine = _age(scaler)
    older = [each for each in scalers if _is_same(target, _reference(each)) and _age(each) < mine]
    return f"VerticeScaler {min(older, key=_age).metadata.name}" if older else ""


def _is_same(target: Target, reference: Reference) -> bool:
    """Whether it is the same workload, at whichever version of its group."""
    return (_group(target.group_version), target.kind, target.name) == (
        _group(reference.api_version),
        reference.kind,
        reference.name,
    )


def _reference(scaler: VerticeScaler) -> Reference:
    target = scaler.spec.target
    return Reference(api_version=target.group_version, kind=target.kind, name=target.name)


def _group(group_version: str) -> str:
    return group_version.rpartition("/")[0]


def _age(scaler: VerticeScaler) -> tuple[str, str]:
    """Return what orders scalers by age; those of one second by their names."""
    return str(scaler.metadata.creation_timestamp), str(scaler.metadata.name)
