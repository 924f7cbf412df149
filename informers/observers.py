"""Who wants to know what was written.

Whoever caches objects observes the client's writes, so that the next read shows what was just
written. A write whose answer was lost is reported as well, because it may have happened.

Such doubts are numbered. An answer settles those of its object that were there before it was asked
for, and no later one: what was read while a write was under way may be from before that write.
The pages of one list all show what was there at the first, so they settle what was there before it.
"""

from contextvars import ContextVar
from typing import Final, Protocol

from informers.drift import our_claims
from informers.errors import DecodeError
from informers.meta.kinds import Kind
from informers.request import Request
from informers.snapshot import Snapshot, name_of, seal

_BEGAN: Final[ContextVar[int]] = ContextVar("began", default=0)
"""How many doubts there were when the request began whose answer is told next."""


class WriteObserver(Protocol):
    """Somebody who wants to know what was written."""

    def wrote(self, kind: Kind, snapshot: Snapshot, raw: bytes) -> None:
        """The server answered a write, or a live read, with this object."""
        ...

    def deleted(self, kind: Kind, key: str, uid: str) -> None:
        """The server said that the object with this uid is gone."""
        ...

    def doubtful(self, kind: Kind, key: str, cause: str, number: int) -> None:
        """A write to the object, made on somebody's behalf, got no answer."""
        ...

    def settled(self, kind: Kind, key: str, upto: int) -> None:
        """The server told of the object; no doubt up to this number is left."""
        ...


class Observers(list[WriteObserver]):
    """All observers of one client, told in order.

    Attributes:
        doubts: How many writes got no answer, ever.
    """

    doubts = 0

    def begin(self) -> None:
        """A request is sent by the running task; what it tells next is the answer to that."""
        _BEGAN.set(self.doubts)

    def tell_wrote(self, kind: Kind, raw: bytes, *, upto: int | None = None) -> Snapshot:
        """Tell of an object as the server has it now; the answer to a review has no name.

        What we claim of it is told along, so that no cache has to read it a second time for that.
        Doubts `upto` a number are settled; without one, those from before the running request.
        """
        snapshot = seal(raw, nameless=True, claims=our_claims)
        if snapshot.meta.name:
            upto = _BEGAN.get() if upto is None else upto
            for observer in self:
                observer.wrote(kind, snapshot, raw)
                observer.settled(kind, snapshot.key, upto)
        return snapshot

    def tell_listed(self, kind: Kind, raw: bytes, *, upto: int) -> str:
        """Tell of an object that was listed, unless it makes no sense; returns its uid anyway."""
        try:
            return self.tell_wrote(kind, raw, upto=upto).meta.uid
        except DecodeError:
            return name_of(raw).uid

    def tell_deleted(self, kind: Kind, key: str, uid: str, *, upto: int | None = None) -> None:
        """Tell that an object is gone."""
        upto = _BEGAN.get() if upto is None else upto
        for observer in self:
            observer.deleted(kind, key, uid)
            observer.settled(kind, key, upto)

    def tell_doubtful(self, request: Request, cause: str) -> None:
        """Tell that a request may have changed something; a read or a dry run did not."""
        if request.is_write and request.kind is not None:
            self.doubts += 1
            for observer in self:
                observer.doubtful(request.kind, request.key, cause, self.doubts)
