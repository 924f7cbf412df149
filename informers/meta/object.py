"""The parts every Kubernetes object has, as wire types.

`Resource` is the base of all API kinds of ours. A kind is declared as a subclass with a docstring,
typed `spec` and `status`, and a class attribute `definition` (see `crd`); everything generated
comes from those. Optional fields are `UNSET`, never `None`, so that nothing is sent as null.

Unknown fields are ignored when decoding: these types are for reading and for building objects of
our own, never for read-modify-write of somebody else's object (server-side apply does that).
"""

from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType

from informers.meta.crd import Definition


class OwnerReference(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who an object belongs to; the garbage collector follows it."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(Struct, frozen=True, kw_only=True, rename="camel"):
    """The metadata of an object as the API server stores it."""

    name: str | UnsetType = UNSET
    generate_name: str | UnsetType = UNSET
    namespace: str | UnsetType = UNSET
    uid: str | UnsetType = UNSET
    resource_version: str | UnsetType = UNSET
    generation: int | UnsetType = UNSET
    creation_timestamp: str | UnsetType = UNSET
    deletion_timestamp: str | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    annotations: dict[str, str] | UnsetType = UNSET
    owner_references: tuple[OwnerReference, ...] | UnsetType = UNSET
    finalizers: tuple[str, ...] | UnsetType = UNSET


class Resource(Struct, frozen=True, kw_only=True, rename="camel"):
    """The base of every API kind."""

    definition: ClassVar[Definition]

    api_version: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    metadata: ObjectMeta = ObjectMeta()
