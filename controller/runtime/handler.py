"""From a changed object to the keys to reconcile.

A mapper is asked about the state before and the state after, so a child that moves from one owner
to another calls both (T43). It reads metadata; one that needs more decodes the snapshot itself.
"""

from collections.abc import Callable, Iterable

from informers.meta.kinds import Kind
from informers.references import index_mentions, keys_mentioning
from informers.shared import Informer
from informers.snapshot import Snapshot

Mapper = Callable[[Snapshot], Iterable[str]]


def own_key(snapshot: Snapshot) -> Iterable[str]:
    """The object itself."""
    return (snapshot.key,)


def owner(kind: Kind, *, only_controller: bool = True) -> Mapper:
    """The owners of this kind, whatever version of it the reference names."""

    def owners(snapshot: Snapshot) -> Iterable[str]:
        namespace = snapshot.meta.namespace if kind.namespaced else ""
        return [
            f"{namespace}/{reference.name}" if namespace else reference.name
            for reference in snapshot.meta.owner_references
            if reference.kind == kind.kind
            and reference.api_version.rpartition("/")[0] == kind.group
            and (reference.controller or not only_controller)
        ]

    return owners


def mentioning(informer: Informer, kind: Kind) -> Mapper:
    """The cached objects that mention the changed Secret or ConfigMap, whichever `kind` is.

    Metadata is enough to hear that it changed, and spares the memory of all Secrets:
    `.watches(Source(kind=SECRET, metadata_only=True), mentioning(pods.informer, SECRET))`.

    Raises:
        ValueError: If the cache cannot tell who mentions what, with the remedy.
    """
    index_mentions(informer)
    return lambda changed: keys_mentioning(informer, kind, changed.key)
