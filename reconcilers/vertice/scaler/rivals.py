"""Who else scales the same workload: two that do would undo each other's work for ever.

An autoscaler of Kubernetes, of KEDA, or another scaler of ours on the target means that nothing is
written. Of two scalers of ours the older one goes on, so that a mistake made later changes nothing.
They are found by an index of what each of them scales: a namespace may have thousands of them.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, TypeVar

from msgspec import UNSET, Struct

from controller.runtime.intent import TargetRef
from controller.runtime.runtime import Runtime
from informers.lister import Lister
from informers.meta.codec import decode
from informers.meta.crd import Definition
from informers.meta.errors import DecodeError
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.snapshot import Snapshot
from reconcilers.vertice.api.scaler import VERTICE_SCALER, Target, VerticeScaler

AUTOSCALER: Final = Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
SCALED_OBJECT: Final = Kind("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")
_BY_TARGET: Final = "vertice.io/target"
_APPS: Final = "apps/v1"
_DEPLOYMENT: Final = "Deployment"
_BOTH: Final = "Both"

T = TypeVar("T")


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


class _Targeting(Struct, frozen=True, kw_only=True):
    target: Target
    preview: bool = False
    pause: str = ""


class Ours(Resource, frozen=True, kw_only=True, rename="camel"):
    """A scaler of ours, as far as what it scales: whatever else of it can be read."""

    definition: ClassVar[Definition] = Definition(kind=VERTICE_SCALER)

    spec: _Targeting


class Rivals:
    """Finds who scales what."""

    def __init__(self, runtime: Runtime) -> None:
        self._scalers = runtime.lister(Ours)
        self._autoscalers = runtime.lister(Autoscaler)
        self._scaled_objects = runtime.lister(ScaledObject)
        _index(self._scalers, Ours, _reference)
        _index(self._autoscalers, Autoscaler, _scaled)
        _index(self._scaled_objects, ScaledObject, _scaled)

    def of(self, scaler: VerticeScaler) -> str:
        """Name who else scales the target of a scaler; empty if nobody does."""
        at = _key(str(scaler.metadata.namespace), _reference(scaler))
        return rival(
            scaler,
            scalers=self._scalers.by_index(_BY_TARGET, at),
            autoscalers=[
                *self._autoscalers.by_index(_BY_TARGET, at),
                *self._scaled_objects.by_index(_BY_TARGET, at),
            ],
        )

    def heir_of(self, scaler: VerticeScaler) -> str:
        """Name who goes on to scale the target of a scaler that ends; empty if nobody does.

        Of several that are deleted one after the other, the first may take the next for its heir.
        """
        at = _key(str(scaler.metadata.namespace), _reference(scaler))
        others = (
            each
            for each in self._scalers.by_index(_BY_TARGET, at)
            if each.metadata.uid != scaler.metadata.uid
            and each.metadata.deletion_timestamp is UNSET
            and not each.spec.preview
            and each.spec.pause != _BOTH
        )
        younger = (f"{VERTICE_SCALER.kind} {each.metadata.name}" for each in others)
        return self.of(scaler) or next(younger, "")

    def scalers_of(self, target: TargetRef) -> Iterable[str]:
        """Return the keys of the scalers of a target."""
        reference = Reference(api_version=f"{target.group}/", kind=target.kind, name=target.name)
        return self._scalers_at(_key(target.namespace, reference))

    def scalers_beside(self, other: Snapshot) -> Iterable[str]:
        """Return the keys of the scalers whose target an autoscaler of others has."""
        try:
            reference = decode(other.raw, Autoscaler).spec.scale_target_ref
        except DecodeError:
            return ()
        return self._scalers_at(_key(other.meta.namespace, reference))

    def _scalers_at(self, target: str) -> Iterable[str]:
        return self._scalers.informer.store.index_keys(_BY_TARGET, target)


def rival(
    scaler: VerticeScaler,
    *,
    scalers: Iterable[VerticeScaler | Ours],
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


def _index(lister: Lister[Any], type_: type[T], reference: Callable[[T], Reference]) -> None:
    """Keep an index of what objects scale; it reads no more of them than that.

    One that does not say what it scales in words that can be read scales nothing.
    """
    store = lister.informer.store

    def target_of(snapshot: Snapshot) -> Iterable[str]:
        try:
            return (_key(snapshot.meta.namespace, reference(decode(snapshot.raw, type_))),)
        except DecodeError:
            return ()

    if not store.has_index(_BY_TARGET):
        store.add_index(_BY_TARGET, target_of)


def _key(namespace: str, reference: Reference) -> str:
    """Return what is equal for references to one workload, however people spell its kind."""
    group, kind = _group(reference.api_version), reference.kind.lower()
    return f"{namespace}/{group}/{kind}/{reference.name}"


def _scaled(other: Autoscaler | ScaledObject) -> Reference:
    return other.spec.scale_target_ref


def _is_same(target: Target, reference: Reference) -> bool:
    """Whether it is the same workload, at whichever version of its group."""
    return target.identity == (_group(reference.api_version), reference.kind, reference.name)


def _reference(scaler: VerticeScaler | Ours) -> Reference:
    target = scaler.spec.target
    return Reference(api_version=target.group_version, kind=target.kind, name=target.name)


def _group(group_version: str) -> str:
    return group_version.rpartition("/")[0]


def _age(scaler: VerticeScaler | Ours) -> tuple[str, str]:
    """Return what orders scalers by age; those of one second by their names."""
    return str(scaler.metadata.creation_timestamp), str(scaler.metadata.name)
