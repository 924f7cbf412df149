"""The scale of workloads of apps/v1, from caches: a look four times a minute asks nobody for it.

What the API server answers for `/scale` follows from the object, and so it does here. A cache may
be behind. What is decided by it is therefore written under the version that it showed; after a
write of our own the runtime reads the object live before it is looked at again; and what a cache
does not show is asked for, so that nothing is said to be missing which has just come.
"""

from typing import ClassVar, Final

import attrs
from msgspec import UNSET, Struct, UnsetType

from controller.runtime.recent import Recent
from controller.runtime.runtime import Runtime, cached
from informers.fieldset import claimed
from informers.meta.builtin import DEPLOYMENT
from informers.meta.codec import decode
from informers.meta.crd import Definition
from informers.meta.errors import SelectorError
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.meta.selectors import LabelSelectorSpec, label_selector_of
from informers.request import object_key
from informers.snapshot import Snapshot
from reconcilers.vertice.scaler.reading.lean import REPLICA_SETS, STATEFUL_SETS

# Other families keep Deployments whole, so that cache is shared with them.
_SOURCES: Final = (cached(DEPLOYMENT), STATEFUL_SETS, REPLICA_SETS)


@attrs.frozen(kw_only=True)
class Scale:
    """How many pods a workload is to have, how many it has, and which are its own.

    `deployment` names whom it belongs to that scales it already, `setter` a controller of ours that
    applies the number itself; they are empty if nobody does.
    """

    uid: str
    version: str
    replicas: int
    shown: int
    selector: str
    deployment: str = ""
    setter: str = ""


class _Spec(Struct, frozen=True, rename="camel"):
    replicas: int = 1
    selector: LabelSelectorSpec | UnsetType = UNSET


class _Status(Struct, frozen=True, rename="camel"):
    replicas: int = 0


class Workload(Resource, frozen=True, kw_only=True, rename="camel"):
    """A Deployment, or another kind of apps/v1, as far as its scale follows from it."""

    definition: ClassVar[Definition] = Definition(kind=DEPLOYMENT)

    spec: _Spec = _Spec()
    status: _Status = _Status()


class Workloads:
    """Finds the scale of what is cached."""

    def __init__(self, runtime: Runtime) -> None:
        self._listers = {each.kind: runtime.lister(Workload, each) for each in _SOURCES}
        self._scales = Recent[Scale]()

    def keeps(self, kind: Kind) -> bool:
        """Whether there is a cache of a kind."""
        return kind in self._listers

    def find(self, kind: Kind, namespace: str, name: str) -> Scale | None:
        """Return a scale as the cache shows it, if it shows the workload at all."""
        key = object_key(namespace, name)
        found = self._listers[kind].snapshot(key)
        if found is None:
            return None
        return self._scales.of(
            f"{kind.plural}/{key}",
            (found.meta.uid, found.resource_version),
            lambda: scale_of(found),
        )

    async def ask(self, kind: Kind, namespace: str, name: str) -> Scale:
        """Read a scale live; the cache learns from the answer, also from NotFound."""
        informer = self._listers[kind].informer
        return scale_of(await informer.get_live(name, namespace=namespace))


def scale_of(snapshot: Snapshot) -> Scale:
    """Return the scale that follows from a workload, as the API server derives it."""
    workload = decode(snapshot.raw, Workload)
    owner = snapshot.controller
    is_scaled = owner is not None and owner.kind == DEPLOYMENT.kind
    return Scale(
        uid=snapshot.meta.uid,
        version=snapshot.resource_version,
        replicas=workload.spec.replicas,
        shown=workload.status.replicas,
        selector=_text(workload.spec.selector),
        deployment=owner.name if owner is not None and is_scaled else "",
        setter=_setter(snapshot),
    )


def _setter(snapshot: Snapshot) -> str:
    """Name who of ours applies the number of pods: its owner, if that is told."""
    for manager, fields in claimed(snapshot.claims):
        if "f:replicas" in fields.get("f:spec", {}):
            owner = snapshot.controller
            return manager if owner is None else f"{owner.kind} {owner.name}"
    return ""


def _text(selector: LabelSelectorSpec | UnsetType) -> str:
    """Write a selector; one that selects everything, or that nobody can read, is none."""
    try:
        return str(label_selector_of(selector))
    except SelectorError:
        return ""
