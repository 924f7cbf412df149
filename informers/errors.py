"""What can go wrong between us and the API server, as one small tree.

    InformersError
    ├── ConfigError             we cannot even ask: kubeconfig, credentials, flags
    ├── TransportError          no answer: refused, reset, name lookup, TLS
    │   ├── DeadlineExceeded    no answer in time
    │   └── OutcomeUnknown      a write was sent and its answer never came: it may have happened
    ├── FenceClosed             a write was held back because leadership is not certain
    ├── DecodeError             an answer that is not what the API promises
    └── StatusError             the server answered with a Status
        ├── NotFound  AlreadyExists  Conflict  Gone  Invalid  Forbidden  Unauthorized
        ├── TooManyRequests  ServerTimeout  TooLargeResourceVersion
        └── BadRequest  MethodNotSupported  InternalError  ServiceUnavailable

Library exceptions stop at the door: nothing of asyncio, ssl or msgspec leaves this package.
`StatusError.reason` is the server's word; where it says nothing, the status code decides.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import attrs

MOST_RETRY_AFTER: Final = 24 * 3600
"""What asks for longer than a day was not meant for us, or by nobody."""


SERVER_ERRORS: Final = 500
TOO_MANY: Final = 429
_ENDING: Final = "NamespaceTerminating"


class InformersError(Exception):
    """The root of everything raised by this package on purpose."""

    @property
    def is_passing(self) -> bool:
        """Whether it tells of the server or the way to it, and nothing of the object."""
        return False


class ConfigError(InformersError):
    """The way to the API server is not configured; the message carries the remedy."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{message}: {remedy}" if remedy else message)
        self.message = message
        self.remedy = remedy


class TransportError(InformersError):
    """The server gave no answer."""

    @property
    def is_passing(self) -> bool:
        """Always: the next answer may come at once."""
        return True


class DeadlineExceeded(TransportError):
    """The server gave no answer in time."""


class OutcomeUnknown(TransportError):
    """A write left, its answer did not come: it may or may not have been applied."""


class FenceClosed(InformersError):
    """A write was held back: this process cannot prove that it still leads."""

    @property
    def is_passing(self) -> bool:
        """Always: either the proof comes back, or the process ends."""
        return True


class DecodeError(InformersError):
    """The server's answer cannot be understood."""


@attrs.frozen(kw_only=True)
class Cause:
    """One entry of a Status' details: which field, why."""

    reason: str = ""
    message: str = ""
    field: str = ""


@attrs.frozen(kw_only=True)
class Details:
    """What a Status says beyond its message."""

    name: str = ""
    kind: str = ""
    uid: str = ""
    causes: Sequence[Cause] = ()
    retry_after_seconds: int = 0


class StatusError(InformersError):
    """The server refused, with a code, a reason and mostly an explanation."""

    reasons: ClassVar[tuple[str, ...]] = ()
    codes: ClassVar[tuple[int, ...]] = ()

    def __init__(
        self,
        message: str,
        *,
        code: int,
        reason: str = "",
        details: Details | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.details = details or Details()
        self.retry_after = retry_after

    @property
    def is_passing(self) -> bool:
        """When the server is overloaded, starting, or broken."""
        return self.code >= SERVER_ERRORS or self.code == TOO_MANY

    @property
    def is_of_ending_namespace(self) -> bool:
        """Whether nothing can be made any more where it was to be made, since that is deleted."""
        return any(cause.reason == _ENDING for cause in self.details.causes)


class BadRequest(StatusError):
    """The request itself is malformed."""

    reasons = ("BadRequest",)
    codes = (400,)


class Unauthorized(StatusError):
    """The credentials are missing, wrong or expired."""

    reasons = ("Unauthorized",)
    codes = (401,)


class Forbidden(StatusError):
    """RBAC or admission says no."""

    reasons = ("Forbidden",)
    codes = (403,)


class NotFound(StatusError):
    """There is no such object, or no such kind."""

    reasons = ("NotFound",)
    codes = (404,)


class MethodNotSupported(StatusError):
    """The resource does not know this verb."""

    reasons = ("MethodNotAllowed", "NotAcceptable", "UnsupportedMediaType")
    codes = (405, 406, 415)


class Conflict(StatusError):
    """The object changed since it was read, or a field belongs to another manager."""

    reasons = ("Conflict",)
    codes = (409,)


class AlreadyExists(StatusError):
    """The name is taken."""

    reasons = ("AlreadyExists",)


class Gone(StatusError):
    """The resource version asked for is no longer kept: list again."""

    reasons = ("Expired", "Gone")
    codes = (410,)


class Invalid(StatusError):
    """The object violates its schema; `details.causes` name the fields."""

    reasons = ("Invalid",)
    codes = (422,)


class TooManyRequests(StatusError):
    """The server sheds load; `retry_after` says when to return."""

    reasons = ("TooManyRequests",)
    codes = (429,)


class InternalError(StatusError):
    """The server, or a webhook behind it, failed."""

    reasons = ("InternalError",)
    codes = (500,)


class ServiceUnavailable(StatusError):
    """The server cannot serve now."""

    reasons = ("ServiceUnavailable",)
    codes = (502, 503)


class ServerTimeout(StatusError):
    """The server gave up in time; asking again is right."""

    reasons: ClassVar[tuple[str, ...]] = ("ServerTimeout", "Timeout")
    codes: ClassVar[tuple[int, ...]] = (504,)


class TooLargeResourceVersion(ServerTimeout):
    """This server has not seen the resource version yet: it lags behind one we talked to."""

    reasons = ("ResourceVersionTooLarge",)
    codes = ()


def _leaves(root: type[StatusError]) -> list[type[StatusError]]:
    """The root's descendants, the most general first."""
    found = [root]
    for child in root.__subclasses__():
        found += _leaves(child)
    return found


_BY_REASON = {reason: leaf for leaf in _leaves(StatusError) for reason in leaf.reasons}
_BY_CODE = {code: leaf for leaf in _leaves(StatusError) for code in leaf.codes}
_TOO_LARGE = "Too large resource version"


def status_error(
    status: Mapping[str, object], *, code: int, retry_after: float | None = None
) -> StatusError:
    """The exception that a Status object, or the little of it that a proxy let through, means."""
    reason = str(status.get("reason") or "")
    message = str(status.get("message") or f"the API server answered {code} {reason}".rstrip())
    details = _details(status.get("details"))
    leaf = _BY_REASON.get(reason) or _BY_CODE.get(code) or StatusError
    if any(cause.reason == "ResourceVersionTooLarge" for cause in details.causes) or (
        leaf is ServerTimeout and _TOO_LARGE in message
    ):
        leaf = TooLargeResourceVersion
    if retry_after is None and details.retry_after_seconds:
        retry_after = float(details.retry_after_seconds)
    return leaf(message, code=code, reason=reason, details=details, retry_after=retry_after)


def _details(value: object) -> Details:
    if not isinstance(value, Mapping):
        return Details()
    causes = tuple(
        Cause(
            reason=str(cause.get("reason", "")),
            message=str(cause.get("message", "")),
            field=str(cause.get("field", "")),
        )
        for cause in _items(value.get("causes"))
        if isinstance(cause, Mapping)
    )
    seconds = value.get("retryAfterSeconds", 0)
    is_sane = isinstance(seconds, int) and 0 <= seconds <= MOST_RETRY_AFTER
    return Details(
        name=str(value.get("name", "")),
        kind=str(value.get("kind", "")),
        uid=str(value.get("uid", "")),
        causes=causes,
        retry_after_seconds=seconds if is_sane else 0,
    )


def _items(value: object) -> Sequence[object]:
    """A list's items; bodies of proxies hold anything in its place."""
    return value if isinstance(value, list) else ()
