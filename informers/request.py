"""What is sent to the API server, before anything is sent.

Pure functions from intent to a `Request`: path, query, body, content type. Keeping them free of
I/O lets tests check every verb without a server, and keeps `client` to sending and answering.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypedDict, Unpack
from urllib.parse import quote

import attrs
import msgspec
from msgspec import Struct

from informers.meta.kinds import Kind, Subresource
from informers.skim import Skim

Body = Mapping[str, object] | Struct | bytes
Propagation = Literal["Background", "Foreground", "Orphan"]
PatchType = Literal["apply", "merge", "json", "strategic"]

JSON: Final = "application/json"
METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_ONLY_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
PATCH_TYPES: Final[Mapping[PatchType, str]] = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]*(?:/[A-Za-z0-9._~-]+)*").fullmatch
_IN_PATH: Final = "/:@!$&'()*+,;=~"


class _Name(Struct, frozen=True):
    name: str = ""


class _Named(Struct, frozen=True):
    metadata: _Name = _Name()


_NAMED: Final = Skim(_Named)


class WriteOptions(TypedDict, total=False):
    """What may be said with any write."""

    namespace: str
    subresource: Subresource
    manager: str
    dry_run: bool


@attrs.frozen(kw_only=True)
class Request:
    """One request, complete but for the server's address and the credentials."""

    method: str
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes | None = None
    content_type: str = JSON
    accept: str = JSON
    kind: Kind | None = None
    key: str = ""
    subresource: Subresource = ""

    @property
    def target(self) -> str:
        """Path and query, escaped."""
        path = _escaped(self.path, safe=_IN_PATH)
        if not self.query:
            return path
        pairs = "&".join(f"{name}={_escaped(value)}" for name, value in self.query.items())
        return f"{path}?{pairs}"

    @property
    def is_write(self) -> bool:
        """Whether the request changes anything; a dry run does not."""
        return self.method != "GET" and "dryRun" not in self.query

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@attrs.frozen(kw_only=True)
class ListOptions:
    """What to list or watch, and from when."""

    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""
    resource_version: str = ""
    resource_version_match: str = ""
    limit: int = 0
    continue_token: str = ""
    metadata_only: bool = False

    def query(self) -> dict[str, str]:
        """The query parameters that say this."""
        pairs = {
            "labelSelector": self.label_selector,
            "fieldSelector": self.field_selector,
            "limit": str(self.limit) if self.limit else "",
        }
        if self.continue_token:
            # A token knows its version; the server refuses both (client-go pager).
            pairs["continue"] = self.continue_token
        else:
            pairs["resourceVersion"] = self.resource_version
            pairs["resourceVersionMatch"] = self.resource_version_match
        return {name: value for name, value in pairs.items() if value}


def object_key(namespace: str, name: str) -> str:
    """The key an object goes by in stores and queues."""
    return f"{namespace}/{name}" if namespace else name


def encode(body: Body) -> bytes:
    """The JSON of a body; bytes are taken as they are."""
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


def get(kind: Kind, name: str, *, namespace: str = "", subresource: Subresource = "") -> Request:
    """Read one object, at its latest."""
    return Request(
        method="GET",
        path=_path_of_one(kind, name, namespace=namespace, subresource=subresource),
        kind=kind,
        key=object_key(namespace, name),
    )


def list_(kind: Kind, options: ListOptions) -> Request:
    """Read a collection, or a page of it."""
    return Request(
        method="GET",
        path=kind.path(options.namespace),
        query=options.query(),
        accept=METADATA_ONLY_LIST if options.metadata_only else JSON,
        kind=kind,
    )


def watch(
    kind: Kind, options: ListOptions, *, timeout_seconds: int, initial_events: bool = False
) -> Request:
    """Follow a collection; with `initial_events` its present content comes first."""
    query = options.query()
    query |= {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(timeout_seconds)}
    if initial_events:
        query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    return Request(
        method="GET",
        path=kind.path(options.namespace),
        query=query,
        accept=METADATA_ONLY if options.metadata_only else JSON,
        kind=kind,
    )


def write(
    method: Literal["POST", "PUT"],
    kind: Kind,
    body: Body,
    *,
    name: str = "",
    **options: Unpack[WriteOptions],
) -> Request:
    """Create (POST) or replace (PUT) an object, or one of its subresources."""
    namespace, subresource = options.get("namespace", ""), options.get("subresource", "")
    raw = encode(body)
    if name or method == "PUT":
        path = _path_of_one(kind, name, namespace=namespace, subresource=subresource)
    else:
        path = kind.path(namespace, subresource=subresource)
    return Request(
        method=method,
        path=path,
        query=_write_query(options),
        body=raw,
        kind=kind,
        key=object_key(namespace, name or _name_of(raw)),
        subresource=subresource,
    )


def patch(
    kind: Kind,
    name: str,
    body: Body,
    *,
    type_: PatchType,
    force: bool = False,
    **options: Unpack[WriteOptions],
) -> Request:
    """Change an object in part; `apply` is server-side apply and needs a manager."""
    namespace, subresource = options.get("namespace", ""), options.get("subresource", "")
    query = _write_query(options)
    if force:
        query["force"] = "true"
    return Request(
        method="PATCH",
        path=_path_of_one(kind, name, namespace=namespace, subresource=subresource),
        query=query,
        body=encode(body),
        content_type=PATCH_TYPES[type_],
        kind=kind,
        key=object_key(namespace, name),
        subresource=subresource,
    )


@attrs.frozen(kw_only=True)
class DeleteOptions:
    """How to delete: preconditions, what becomes of dependents, how much grace."""

    uid: str = ""
    resource_version: str = ""
    propagation: Propagation = "Background"
    grace_seconds: int | None = None

    def body(self) -> dict[str, object]:
        """The DeleteOptions object that says this."""
        said = {"uid": self.uid, "resourceVersion": self.resource_version}
        preconditions = {name: value for name, value in said.items() if value}
        body: dict[str, object] = {"propagationPolicy": self.propagation}
        if preconditions:
            body["preconditions"] = preconditions
        if self.grace_seconds is not None:
            body["gracePeriodSeconds"] = self.grace_seconds
        return body


def delete(kind: Kind, name: str, how: DeleteOptions, **options: Unpack[WriteOptions]) -> Request:
    """Delete one object."""
    namespace = options.get("namespace", "")
    return Request(
        method="DELETE",
        path=_path_of_one(kind, name, namespace=namespace),
        query=_write_query(options),
        body=encode(how.body()),
        kind=kind,
        key=object_key(namespace, name),
    )


def delete_collection(
    kind: Kind, which: ListOptions, how: DeleteOptions, *, dry_run: bool = False
) -> Request:
    """Delete all objects that the options select."""
    return Request(
        method="DELETE",
        path=kind.path(which.namespace),
        query=which.query() | _write_query({"dry_run": dry_run}),
        body=encode(how.body()),
        kind=kind,
        key=object_key(which.namespace, ""),
    )


def _path_of_one(kind: Kind, name: str, *, namespace: str, subresource: Subresource = "") -> str:
    """Where one object is; a name that is missing must not make it the place of all."""
    if not name:
        raise ValueError(f"a {kind.kind} without a name: the request would be about all there are")
    return kind.path(namespace, name, subresource=subresource)


def _write_query(options: WriteOptions) -> dict[str, str]:
    query = {}
    if manager := options.get("manager"):
        query["fieldManager"] = manager
    if options.get("dry_run"):
        query["dryRun"] = "All"
    return query


def _name_of(body: bytes) -> str:
    """The name a body gives its object; empty when the server is to make one up."""
    try:
        return _NAMED.decode(body).metadata.name
    except msgspec.DecodeError:
        return ""


def _escaped(text: str, *, safe: str = "") -> str:
    """The text as part of a URL; most need no change, and seeing that is cheap."""
    if _PLAIN(text) and (safe or "/" not in text):
        return text
    return quote(text, safe=safe)
