"""AdmissionReview v1 as it crosses the wire; nothing a handler ever sees.

The objects inside stay raw: each webhook decodes them as the type its handler asks for. Only the
fields that are read or answered stand here.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from informers.skim import Skim

NOTHING: Final = Raw(b"null")


class UserInfo(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who asks."""

    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}


class Question(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be done, to which object, by whom."""

    uid: str
    operation: Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]
    name: str = ""
    namespace: str = ""
    sub_resource: str = ""
    user_info: UserInfo = UserInfo()
    new: Raw = field(name="object", default=NOTHING)
    old: Raw = field(name="oldObject", default=NOTHING)
    dry_run: bool | None = None


class Review(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the API server sends."""

    api_version: Literal["admission.k8s.io/v1"]
    kind: Literal["AdmissionReview"]
    request: Question


class CauseOf(Struct, frozen=True, kw_only=True, rename="camel"):
    """One field that is wrong."""

    reason: str
    message: str
    field: str


class Details(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Status says beyond its message."""

    causes: tuple[CauseOf, ...]


class Refusal(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Status: why not."""

    kind: Literal["Status"] = "Status"
    api_version: Literal["v1"] = "v1"
    status: Literal["Failure"] = "Failure"
    message: str
    reason: str
    code: int
    details: Details | UnsetType = UNSET


class Verdict(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is answered; a patch only with its type."""

    uid: str
    allowed: bool
    status: Refusal | UnsetType = UNSET
    patch: bytes | UnsetType = UNSET
    patch_type: Literal["JSONPatch"] | UnsetType = UNSET
    warnings: tuple[str, ...] | UnsetType = UNSET


class Reply(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the API server gets."""

    api_version: Literal["admission.k8s.io/v1"] = "admission.k8s.io/v1"
    kind: Literal["AdmissionReview"] = "AdmissionReview"
    response: Verdict


_REVIEW: Final = Skim(Review)


def read(body: bytes) -> Question:
    """Read a review.

    Raises:
        ValueError: If it is none, saying where.
    """
    return _REVIEW.decode(body).request


def as_written(value: Any) -> bytes:  # noqa: ANN401 - any wire type
    """The JSON of an answer."""
    return msgspec.json.encode(value)
