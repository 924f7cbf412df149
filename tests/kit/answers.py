"""What a real API server says when it says no, ready to be used as faults.

The texts, reasons and headers are those of kube-apiserver; a client that recognises one of these
recognises the real one.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from tests.kit.faults import Answer, EditEvents, EditReply, EditRequest, Inject
from tests.kit.http1 import Request

INITIAL_EVENTS_END = "k8s.io/initial-events-end"

_REASONS = {
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
    403: "Forbidden",
    401: "Unauthorized",
    404: "NotFound",
    409: "Conflict",
}


def status(code: int, message: str = "", **details: Any) -> dict[str, Any]:
    """A Status as the API server writes it."""
    reason = _REASONS[code]
    document = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message or reason,
        "reason": reason,
        "code": code,
    }
    return document | ({"details": details} if details else {})


def refusal(code: int, message: str = "", *, at: str = "request") -> Answer:
    """An error status with its Status document: 401, 403, 404, 409, 500, 503, 504."""
    body = msgspec.json.encode(status(code, message))
    return Answer(status=code, body=body, at="reply" if at == "reply" else "request")


def gone() -> Answer:
    """410: the resource version is too old."""
    return refusal(410, "too old resource version: 1 (2)")


def gone_in_200() -> Answer:
    """410 in the JSON body of a 200 that is not chunked (python-base#231)."""
    body = msgspec.json.encode({"type": "ERROR", "object": _gone_status()}) + b"\n"
    return Answer(status=200, body=body)


def throttled(retry_after: int = 1) -> Answer:
    """429 with Retry-After, as by priority and fairness."""
    message = "Too many requests, please try again later."
    body = msgspec.json.encode(status(429, message, retryAfterSeconds=retry_after))
    headers = (("Content-Type", "application/json"), ("Retry-After", str(retry_after)))
    return Answer(status=429, body=body, headers=headers)


def too_large_resource_version(wanted: int = 9999, current: int = 10) -> Answer:
    """504: the watch cache has not come so far (k/k#107133)."""
    text = "Too large resource version"
    document = status(
        504,
        f"{text}: {wanted}, current: {current}",
        causes=[{"reason": "ResourceVersionTooLarge", "message": text}],
        retryAfterSeconds=1,
    )
    headers = (("Content-Type", "application/json"), ("Retry-After", "1"))
    return Answer(status=504, body=msgspec.json.encode(document), headers=headers)


def error_event(code: int = 410, *, after_events: int = 0) -> Inject:
    """An ERROR event in a stream that began with 200; then the stream ends."""
    document = _gone_status() if code == 410 else status(code)
    line = msgspec.json.encode({"type": "ERROR", "object": document}) + b"\n"
    return Inject(line=line, after_events=after_events)


def drop_bookmarks() -> EditEvents:
    """No bookmark gets through, as behind some proxies."""
    return EditEvents(edit=lambda line: () if _is_bookmark(line) else (line,))


def strip_initial_events_end() -> EditEvents:
    """Bookmarks lose the annotation that ends a streamed list (k/k#140890)."""
    return EditEvents(edit=_without_initial_events_end)


def crlf() -> EditEvents:
    """Lines end with CR LF."""
    return EditEvents(edit=lambda line: (line[:-1] + b"\r\n",))


def list_version(version: str) -> EditReply:
    """Lists claim another resource version."""

    def edit(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"metadata": document["metadata"] | {"resourceVersion": version}}

    return EditReply(edit=edit)


def drop_params(*names: str) -> EditRequest:
    """The API server does not see these parameters, as if it were too old to know them."""

    def edit(request: Request) -> Request:
        return request.with_params({k: v for k, v in request.params.items() if k not in names})

    return EditRequest(edit=edit)


def _gone_status() -> dict[str, Any]:
    return status(410, "too old resource version: 1 (2)")


def _is_bookmark(line: bytes) -> bool:
    return b'"BOOKMARK"' in line[:40]


def _without_initial_events_end(line: bytes) -> Iterable[bytes]:
    if not _is_bookmark(line) or INITIAL_EVENTS_END.encode() not in line:
        return (line,)
    event = msgspec.json.decode(line)
    del event["object"]["metadata"]["annotations"][INITIAL_EVENTS_END]
    return (msgspec.json.encode(event) + b"\n",)
