"""Finalizers: hold an object's deletion until what it stands for is cleaned up.

Add one only when there is something to clean up (kopf adds too many and users get stuck objects).
Both helpers name the resource version they read, since the list is replaced as a whole; a conflict
means that somebody else changed it, and the next reconcile starts from there.
"""

from informers.client import Client
from informers.errors import NotFound
from informers.meta.kinds import Kind
from informers.reply import Status
from informers.snapshot import Snapshot


async def ensure_finalizer(client: Client, kind: Kind, snapshot: Snapshot, name: str) -> Snapshot:
    """Put the finalizer on the object, unless it is there or the object is being deleted."""
    finalizers = snapshot.meta.finalizers
    if name in finalizers or snapshot.is_deleting:
        return snapshot
    return await _write(client, kind, snapshot, [*finalizers, name])


async def remove_finalizer(client: Client, kind: Kind, snapshot: Snapshot, name: str) -> Snapshot:
    """Take the finalizer off; if it was the last one of a deleted object, that is now gone.

    One that is gone already, since somebody else took it off, is as good.
    """
    finalizers = snapshot.meta.finalizers
    if name not in finalizers:
        return snapshot
    try:
        return await _write(client, kind, snapshot, [f for f in finalizers if f != name])
    except NotFound:
        return snapshot


async def _write(client: Client, kind: Kind, snapshot: Snapshot, finalizers: list[str]) -> Snapshot:
    meta = snapshot.meta
    metadata = {
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
        "finalizers": finalizers,
    }
    answer = await client.patch(kind, meta.name, {"metadata": metadata}, namespace=meta.namespace)
    assert not isinstance(answer, Status), "a patch answers with the object"
    return answer
