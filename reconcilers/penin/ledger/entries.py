"""The ledger's entries as objects: ConfigMaps that cannot be changed, numbered without a gap.

An entry's name is its number, so creating it is a compare-and-swap: two writers can never make the
chain fork. What may be forgotten is decided by the volume: an entry goes only when its writer has
reported a later head, and then the newest ones stay nonetheless.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import attrs
import msgspec
from msgspec import UNSET

from informers.meta.builtin import CONFIG_MAP
from informers.meta.crd import Definition
from informers.meta.object import Resource
from informers.snapshot import Snapshot
from reconcilers.penin.cluster.services import APP
from reconcilers.penin.ledger.chain import DIGITS, GENESIS, Entry, Head, hash_of, written

LEDGER: Final = "penin.ai/ledger"
ENTRY: Final = "entry"
HEAD: Final = "head"
PROPOSAL: Final = "penin.ai/proposal-uid"
CONTENT: Final = "entry"
HASH: Final = "hash"
SERVICE: Final = "ledger-writer"
PORT: Final = 8014
"""Where the writer shows the volume."""
KEPT: Final = 100
"""How many of the newest entries stay objects."""

_NUMBERED: Final = re.compile(rf"-ledger-(\d{{{DIGITS},}})$")


class ConfigMap(Resource, frozen=True, kw_only=True, rename="camel"):
    """As much of a ConfigMap as the ledger reads."""

    definition: ClassVar[Definition] = Definition(kind=CONFIG_MAP)

    data: dict[str, str] = msgspec.field(default_factory=dict)


@attrs.frozen(kw_only=True)
class Place:
    """Where a cluster's ledger is."""

    namespace: str
    cluster: str

    @property
    def key(self) -> str:
        """What its entries are indexed by."""
        return f"{self.namespace}/{self.cluster}"

    def entry(self, sequence: int) -> str:
        """Return the name of an entry."""
        return f"{self.cluster}-ledger-{sequence:0{DIGITS}}"

    def sequence(self, name: str) -> int:
        """Return the number of an entry of this ledger, 0 if the name is that of nothing in it.

        Labels can be put on anything; a name is taken once.
        """
        found = number(name)
        return found if name == self.entry(found) else 0

    @property
    def head(self) -> str:
        """The name of the object in which the writer reports."""
        return f"{self.cluster}-ledger-head"

    @property
    def selector(self) -> str:
        """What selects the entries."""
        return f"app={APP},cluster={self.cluster},{LEDGER}={ENTRY}"


def labels(cluster: str, role: str) -> dict[str, str]:
    """Return the labels of an object of the ledger."""
    return {"app": APP, "cluster": cluster, LEDGER: role}


def indexed(snapshot: Snapshot) -> Iterable[str]:
    """Return what an entry is found by: its cluster, and the proposal it is about."""
    if snapshot.labels.get(LEDGER) != ENTRY:
        return ()
    namespace, labels = snapshot.meta.namespace, snapshot.labels
    return (f"{namespace}/{labels.get('cluster', '')}", about(namespace, labels.get(PROPOSAL, "")))


def about(namespace: str, proposal_uid: str) -> str:
    """Return what entries about a proposal are indexed by: only its namespace has any."""
    return f"proposal {namespace}/{proposal_uid}"


def number(name: str) -> int:
    """Return the number in an entry's name, 0 if there is none."""
    match = _NUMBERED.search(name)
    return int(match[1]) if match else 0


def body(place: Place, entry: Entry, *, owner: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the object of an entry; with an owner it goes with it."""
    raw = written(entry)
    metadata: dict[str, Any] = {
        "name": place.entry(entry.sequence),
        "namespace": place.namespace,
        "labels": labels(place.cluster, ENTRY) | {PROPOSAL: entry.proposal_uid},
    }
    if owner is not None:
        metadata["ownerReferences"] = [owner]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "immutable": True,
        "data": {CONTENT: raw.decode()},
    }


def content(found: ConfigMap) -> bytes:
    """Return the bytes of an entry's object."""
    return found.data.get(CONTENT, "").encode()


def name_of(found: ConfigMap) -> str:
    """Return an object's name."""
    return "" if found.metadata.name is UNSET else found.metadata.name


def proposal_of(found: ConfigMap) -> str:
    """Return the uid of the proposal that an object says it is about."""
    return (found.metadata.labels or {}).get(PROPOSAL, "")


def head_of(found: ConfigMap | None) -> Head | None:
    """Return what the writer has reported, None if it has reported nothing that makes sense."""
    if found is None or not found.data.get("sequence", "").isdecimal():
        return None
    return Head(sequence=int(found.data["sequence"]), hash=found.data.get(HASH, ""))


def following(newest: ConfigMap | None, reported: Head | None) -> Head:
    """Return what the next entry follows: the newest object, or the volume if that is further."""
    end = Head(sequence=0, hash=GENESIS)
    if newest is not None:
        end = Head(sequence=number(name_of(newest)), hash=hash_of(content(newest)))
    return reported if reported is not None and reported.sequence > end.sequence else end


def forgettable(names: Iterable[str], reported: Head | None, *, kept: int = KEPT) -> Sequence[str]:
    """Return the entries that need not be objects any more."""
    if reported is None:
        return ()
    numbered = sorted((number(name), name) for name in names)
    return [name for sequence, name in numbered[:-kept] if sequence <= reported.sequence]
