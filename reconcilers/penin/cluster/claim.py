"""The volume of the ledger: a claim that is kept when its cluster goes, and only ever grows.

What a claim cannot do (shrink, change its StorageClass) is refused in words and leaves the claim as
it is; the rest of the cluster goes on. A kept claim belongs to nobody, so that no garbage collector
takes it, and a cluster of the same name finds it again.
"""

from typing import Any, ClassVar, Final

import attrs
from msgspec import Struct

from controller.runtime.ownership import Owner
from controller.runtime.stated import stated
from informers.meta.conditions import Condition
from informers.meta.crd import Definition
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.meta.quantity import Quantity
from informers.reflector import Source
from reconcilers.penin.api.spec import WormLedger
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.cluster.services import APP

CLAIM: Final = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
STORAGE_CLASS: Final = Kind(
    "storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False
)
CLAIMS: Final = Source(kind=CLAIM, label_selector=f"app={APP}")
KIND: Final = "LedgerReady"
_PART: Final = "ledger"
_NONE: Final = Quantity.parse("0")
_REFUSED: Final = "ClaimRefused"
_TAKEN: Final = "ClaimTaken"
_AGAIN_SECONDS: Final = 60.0


class ClaimResources(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a claim asks for."""

    requests: dict[str, Quantity] = {}


class ClaimSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a claim's spec as is read here."""

    storage_class_name: str = ""
    resources: ClaimResources = ClaimResources()


class ClaimStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a claim's status as is read here."""

    phase: str = ""


class Claim(Resource, frozen=True, kw_only=True, rename="camel"):
    """The claim of a ledger's volume."""

    definition: ClassVar[Definition] = Definition(kind=CLAIM)

    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()

    @property
    def size(self) -> Quantity:
        """How much it asks for."""
        return self.spec.resources.requests.get("storage", _NONE)


@attrs.frozen(kw_only=True)
class Verdict:
    """What is to be applied, if anything, and what is wrong with what is wanted, if anything."""

    body: dict[str, Any] | None = None
    refusal: tuple[str, str] | None = None


def name(cluster: str) -> str:
    """Name the claim of a cluster."""
    return f"{cluster}-{_PART}"


def labels(cluster: str) -> dict[str, str]:
    """Return the labels of a claim."""
    return {"app": APP, "cluster": cluster, "service": _PART}


def judge(owner: Owner, ledger: WormLedger, found: Claim | None) -> Verdict:
    """Compare what is wanted of a ledger with the claim there is."""
    wanted = _body(owner, ledger)
    if found is None:
        return Verdict(body=wanted)
    if ledger.storage_class and found.spec.storage_class_name != ledger.storage_class:
        text = (
            f"the claim is of StorageClass {found.spec.storage_class_name or 'none'} and cannot "
            f"become {ledger.storage_class}: take spec.storage.wormLedger.storageClass back, or "
            f"delete the claim {wanted['metadata']['name']} with what it holds"
        )
        return Verdict(refusal=("StorageClassCannotChange", text))
    if ledger.size.value() < found.size.value():
        text = (
            f"the claim has {found.size} and cannot shrink to {ledger.size}: "
            "take spec.storage.wormLedger.size back"
        )
        return Verdict(refusal=("SizeCannotShrink", text))
    return Verdict(body=None if _is_so(owner, ledger, found) else wanted)


def refused(why: str) -> Verdict:
    """Return what there is to say when the API server does not take the claim."""
    return Verdict(refusal=(_REFUSED, f"the claim stays as it is: {why}"))


def taken(why: str) -> Verdict:
    """Return what there is to say when another's claim has the name."""
    return Verdict(refusal=(_TAKEN, why))


def look_again(found: Condition) -> float | None:
    """Return when to try again what was refused: nobody tells when a quota or class allows it."""
    is_refused = found.type == KIND and found.reason in (_REFUSED, _TAKEN)
    return _AGAIN_SECONDS if is_refused else None


def _body(owner: Owner, ledger: WormLedger) -> dict[str, Any]:
    cluster = owner.snapshot.meta.name
    spec: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(ledger.size)}},
    }
    if ledger.storage_class:
        spec["storageClassName"] = ledger.storage_class
    body = {
        "apiVersion": CLAIM.api_version,
        "kind": CLAIM.kind,
        "metadata": {"name": name(cluster), "labels": labels(cluster)},
        "spec": spec,
    }
    return owner.mark(body) if ledger.deletion_policy == "Delete" else body


def _is_so(owner: Owner, ledger: WormLedger, found: Claim) -> bool:
    """Whether the claim is as wanted already."""
    meta = found.metadata
    owners = {each.uid for each in meta.owner_references or ()}
    is_owned = owner.snapshot.meta.uid in owners
    marked = labels(owner.snapshot.meta.name).items() <= (meta.labels or {}).items()
    is_large = found.size.value() == ledger.size.value()
    return marked and is_large and is_owned == (ledger.deletion_policy == "Delete")


def condition(
    cluster: PeninOmegaCluster, found: Claim | None, verdict: Verdict, *, hindrance: str = ""
) -> Condition:
    """Say how the ledger's volume is; `hindrance` is why a claim has none yet, if that is known."""
    if not cluster.spec.storage.worm_ledger.enabled:
        text = "spec.storage.wormLedger.enabled is false"
        return stated(cluster, KIND, "TurnedOff", text, is_so=False)
    if verdict.refusal is not None:
        return stated(cluster, KIND, *verdict.refusal, is_so=False)
    if found is not None and found.status.phase == "Bound":
        return stated(
            cluster, KIND, "Bound", f"claim {found.metadata.name}: {found.size}", is_so=True
        )
    if hindrance:
        return stated(cluster, KIND, "NoStorageClass", hindrance, is_so=False)
    text = "the claim waits for its volume; `kubectl describe pvc` says for what"
    return stated(cluster, KIND, "Pending", text, is_so=False)
