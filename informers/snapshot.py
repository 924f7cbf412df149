"""One object at one resource version, as the cache holds it.

A `Snapshot` is the object's JSON as the server sent it, `managedFields` cut out, beside the little
metadata that predicates, indexes and owner mapping read. Nothing else is decoded until a
reconciler asks for its typed form, so a cached pod costs its bytes and about half a kilobyte, and
the garbage collector has nothing to walk (no field can form a cycle, hence `gc=False`).

Snapshots are immutable and shared: nobody copies them, equality of `raw` is equality of objects.

`managedFields` are found by value: the decoder says which bytes they are, a search says where, and
if those bytes stand in more than one place the object is rewritten the slow, certain way.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from informers.callbacks import Failed, called
from informers.errors import DecodeError
from informers.meta.errors import UNREADABLE
from informers.skim import Skim

EMPTY: Final[Mapping[str, str]] = MappingProxyType({})
_NEEDLE: Final = b'"managedFields":'
_COMMA: Final = ord(",")
_REMEDY: Final = "the cache keeps its last state, if any: have it return what is odd as it came"


class Owner(Struct, frozen=True, gc=False, rename="camel"):
    """An owner reference, as far as mapping a child to its owner needs it."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False


class Meta(Struct, gc=False, rename="camel"):
    """The metadata that is worth having decoded for every cached object."""

    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    uid: str = ""
    generation: int = 0
    labels: dict[str, str] | UnsetType = UNSET
    owner_references: tuple[Owner, ...] = ()
    finalizers: tuple[str, ...] = ()
    deletion_timestamp: str | UnsetType = UNSET
    deletion_grace_period_seconds: int | UnsetType = UNSET
    managed_fields: Raw | UnsetType = UNSET


class Snapshot(Struct, frozen=True, gc=False, eq=False):
    """An object's bytes and metadata; `claims` are the fields of it that we applied (see drift)."""

    raw: bytes
    meta: Meta
    claims: bytes = b""

    @property
    def key(self) -> str:
        """`namespace/name`, or the name alone for cluster-scoped objects."""
        namespace = self.meta.namespace
        return f"{namespace}/{self.meta.name}" if namespace else self.meta.name

    @property
    def resource_version(self) -> str:
        """The version of the object this is a picture of."""
        return self.meta.resource_version

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels, empty when there are none."""
        labels = self.meta.labels
        return EMPTY if labels is UNSET else labels

    @property
    def is_deleting(self) -> bool:
        """Whether deletion was asked for and waits for finalizers or a grace period."""
        return self.meta.deletion_timestamp is not UNSET

    @property
    def is_gone(self) -> bool:
        """Whether this is the last picture of an object: deleted, and nothing holds it.

        A grace period of zero has to be spelled out: namespaces have none and linger.
        """
        meta = self.meta
        return self.is_deleting and not meta.finalizers and meta.deletion_grace_period_seconds == 0

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations, decoded on demand: few read them and they can be large."""
        found = _ANNOTATED.decode(self.raw).metadata.annotations
        return EMPTY if found is UNSET else found

    @property
    def controller(self) -> Owner | None:
        """The owner that controls this object, if one does."""
        for owner in self.meta.owner_references:
            if owner.controller:
                return owner
        return None


class _Header(Struct, gc=False):
    metadata: Meta


class _Annotations(Struct, gc=False):
    annotations: dict[str, str] | UnsetType = UNSET


class _Annotated(Struct, gc=False):
    metadata: _Annotations


class Name(Struct, gc=False):
    """Which object it is, where nothing else of it can be read; empty if not even that can."""

    name: str = ""
    namespace: str = ""
    uid: str = ""

    @property
    def key(self) -> str:
        """The key the object goes by."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class _Named(Struct, gc=False):
    metadata: Name


_HEADER: Final = Skim(_Header)
_NAMED: Final = Skim(_Named)
_ANNOTATED: Final = Skim(_Annotated)

Transform = Callable[[bytes], bytes]
Claims = Callable[[Raw], bytes]


def seal(
    raw: bytes,
    *,
    transform: Transform | None = None,
    claims: Claims | None = None,
    nameless: bool = False,
) -> Snapshot:
    """Make the snapshot of an object from its JSON.

    Args:
        raw: The object, exactly.
        transform: What else to cut from the bytes that are kept; metadata is read before it.
        claims: What to keep of the managedFields that are cut.
        nameless: Take an object without a name, too: the answer to a review has none.

    Raises:
        DecodeError: If this is not an object with a metadata and a name.
    """
    claimed = b""
    try:
        meta = _HEADER.decode(raw).metadata
        managed = meta.managed_fields
        if managed is not UNSET:
            if claims is not None:
                claimed = claims(managed)
            raw = _cut(raw, managed)
            meta.managed_fields = UNSET
    except UNREADABLE as error:
        raise DecodeError(f"not a Kubernetes object: {error}: {raw[:200]!r}") from error
    if not meta.name and not nameless:
        raise DecodeError(f"not a Kubernetes object, it has no name: {raw[:200]!r}")
    if transform is not None:
        raw = transform(raw)
    return Snapshot(raw, meta, claimed)


def guarded(transform: Transform, failed: Failed) -> Transform:
    """The same function, but what it raises is told, and shows its object as one without sense."""
    name = f"transform {called(transform)}"

    def transformed(raw: bytes) -> bytes:
        try:
            return transform(raw)
        except Exception as error:  # one odd object must not end the watch of all
            key = name_of(raw).key
            failed(name, key, error, remedy=_REMEDY)
            raise DecodeError(f"{name} raised at {key}: {error!r}") from error

    return transformed


def name_of(raw: bytes | Raw) -> Name:
    """Which object this is that does not make sense as one."""
    try:
        return _NAMED.decode(raw).metadata
    except msgspec.DecodeError:
        return Name()


def _cut(raw: bytes, managed: Raw) -> bytes:
    """The object without its managedFields and without the comma beside them."""
    start = raw.find(_NEEDLE)
    value = start + len(_NEEDLE)
    end = value + len(managed)
    # Backwards, because that is twice as fast: most of a needle's letters are everywhere.
    if raw[value:end] != bytes(managed) or raw.rfind(_NEEDLE, end) >= 0:
        return _cut_slowly(raw)
    if raw[start - 1] == _COMMA:
        start -= 1
    elif raw[end] == _COMMA:
        end += 1
    return raw[:start] + raw[end:]


def _cut_slowly(raw: bytes) -> bytes:
    """The same where the field's name occurs twice, or is spelled with spaces or escapes."""
    tree = msgspec.json.decode(raw)
    tree["metadata"].pop("managedFields", None)
    return msgspec.json.encode(tree)
