"""What the handler of a webhook is asked, and how it answers.

    def refuse_shrinking(request: Admission[Widget]) -> None:
        if request.old is not None and request.object.spec.size < request.old.spec.size:
            raise Denied("a Widget cannot shrink", causes=[Cause(field="spec.size", ...)])

    def paint(request: Admission[Widget]) -> Widget:
        return msgspec.structs.replace(request.object, spec=...)

A validating handler returns None, or warnings for the user to read, or raises `Denied`. A mutating
one returns the object as it should be, or JSON Patch operations, or None to leave it alone; what
its type does not know of stays as it was sent. Either may be a coroutine function; one that only
computes is better a plain function. The annotation of the parameter says which type to decode.

Anything else a handler raises is a failure, not a refusal: the webhook's failure policy decides.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, Literal, TypeVar

import attrs

from controller.runtime.registration import Operation
from informers.errors import Cause

T = TypeVar("T")

Reason = Literal[
    "Forbidden", "Invalid", "BadRequest", "Conflict", "NotFound", "AlreadyExists", "TooManyRequests"
]
CODES: Final[Mapping[Reason, int]] = {
    "Forbidden": 403,
    "Invalid": 422,
    "BadRequest": 400,
    "Conflict": 409,
    "NotFound": 404,
    "AlreadyExists": 409,
    "TooManyRequests": 429,
}


@attrs.frozen(kw_only=True)
class User:
    """Who asks, as the API server knows them."""

    name: str = ""
    uid: str = ""
    groups: Sequence[str] = ()
    extra: Mapping[str, Sequence[str]] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Admission(Generic[T]):
    """A request to create, change or delete an object, before it is granted.

    `new` is absent when the object is deleted. `old` is absent when it is created, and when what is
    stored cannot be read as `T`, being older than its schema: it is then judged as if it were new,
    since nobody could ever mend it otherwise.
    """

    operation: Operation = "CREATE"
    new: T | None = None
    old: T | None = None
    name: str = ""
    namespace: str = ""
    subresource: str = ""
    user: User = User()
    dry_run: bool = False
    uid: str = ""

    @property
    def object(self) -> T:
        """The object this is about: as it is to be, or, for a deletion, as it was."""
        found = self.old if self.new is None else self.new
        assert found is not None, "there is at least one of them"
        return found


class AdmissionError(Exception):
    """The root of what is raised on purpose about admission."""


class Denied(AdmissionError):
    """The answer no, for the user to read.

    With `causes` the reason is Invalid and clients can show what is wrong field by field.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: Reason | None = None,
        causes: Iterable[Cause] = (),
        warnings: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.causes = tuple(causes)
        self.reason: Reason = reason or ("Invalid" if self.causes else "Forbidden")
        self.warnings = tuple(warnings)

    @property
    def code(self) -> int:
        """The HTTP status the user's request ends with."""
        return CODES[self.reason]


class WrongHandler(AdmissionError):
    """A handler that cannot be called as declared, or answered what its mode does not allow."""


Validator = Callable[[Admission[Any]], Iterable[str] | Awaitable[Iterable[str] | None] | None]
"""A validating handler; the warnings it returns are shown to the user."""
Mutator = Callable[[Admission[Any]], object | Awaitable[object]]
"""A mutating handler; it returns a `T`, `Edit`s (see `patch`), or None."""
