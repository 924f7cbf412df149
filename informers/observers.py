"""Who wants to know what was written.

Whoever caches objects observes the client's writes, so that the next read shows what was just
written. A write whose answer was lost is reported as well, because it may have happened.
"""

from typing import Protocol

from informers.drift import our_claims
from informers.meta.kinds import Kind
from informers.request import Request
from informers.snapshot import Snapshot, seal


class WriteObserver(Protocol):
    """Somebody who wants to know what was written."""

    def wrote(self, kind: Kind, snapshot: Snapshot, raw: bytes) -> None:
        """The server answered a write, or a live read, with this object."""
        ...

    def deleted(self, kind: Kind, key: str, uid: str) -> None:
        """The server said that the object with this uid is gone."""
        ...

    def doubtful(self, kind: Kind, key: str, cause: str) -> None:
        """A write to the object, made on somebody's behalf, got no answer."""
        ...


class Observers(list[WriteObserver]):
    """All observers of one client, told in order."""

    def tell_wrote(self, kind: Kind, raw: bytes) -> Snapshot:
        """Tell of an object as the server has it now; the answer to a review has no name.

        What we claim of it is told along, so that no cache has to read it a second time for that.
        """
        snapshot = seal(raw, nameless=True, claims=our_claims)
        if snapshot.meta.name:
            for observer in self:
                observer.wrote(kind, snapshot, raw)
        return snapshot

    def tell_deleted(self, kind: Kind, key: str, uid: str) -> None:
        """Tell that an object is gone."""
        for observer in self:
            observer.deleted(kind, key, uid)

    def tell_doubtful(self, request: Request, cause: str) -> None:
        """Tell that a request may have changed something; a read or a dry run did not."""
        if request.is_write and request.kind is not None:
            for observer in self:
                observer.doubtful(request.kind, request.key, cause)
