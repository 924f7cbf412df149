"""What answers mean, whoever wrote them: API servers, proxies, nobody in particular."""

import msgspec
import pytest

from informers import errors
from informers.errors import StatusError
from informers.reply import DEFAULT_RETRY_AFTER, error_in, is_success, refusal, retry_wait
from informers.transport import Response


def answer(code, body=b"", *, retry_after=""):
    """Return an answer; a dict is its JSON."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(code, raw, retry_after)


def status(**fields):
    """Return a Status object."""
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", **fields}


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (400, "BadRequest", errors.BadRequest),
        (401, "Unauthorized", errors.Unauthorized),
        (403, "Forbidden", errors.Forbidden),
        (404, "NotFound", errors.NotFound),
        (405, "MethodNotAllowed", errors.MethodNotSupported),
        (409, "AlreadyExists", errors.AlreadyExists),
        (409, "Conflict", errors.Conflict),
        (410, "Expired", errors.Gone),
        (410, "Gone", errors.Gone),
        (422, "Invalid", errors.Invalid),
        (429, "TooManyRequests", errors.TooManyRequests),
        (500, "InternalError", errors.InternalError),
        (503, "ServiceUnavailable", errors.ServiceUnavailable),
        (504, "Timeout", errors.ServerTimeout),
    ],
)
def test_the_server_s_reason_chooses_the_error(code, reason, expected):
    """With its message and its code."""
    found = refusal(answer(code, status(code=code, reason=reason, message="because")))

    assert (expected, code, reason, "because") == (
        type(found),
        found.code,
        found.reason,
        str(found),
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (404, errors.NotFound),
        (409, errors.Conflict),
        (410, errors.Gone),
        (415, errors.MethodNotSupported),
        (429, errors.TooManyRequests),
        (502, errors.ServiceUnavailable),
        (504, errors.ServerTimeout),
        (418, StatusError),
        (302, StatusError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><h1>nope</h1></html>",
        b"\xff\xfe\x00",
        b'"\xff"',
        b"null",
        b"[1,2]",
        b'"text"',
        b"{}",
        b'{"reason":null,"message":null,"details":null}',
        b'{"reason":7,"details":"all of them"}',
        b'{"reason":"SomethingNew","details":{"causes":7,"retryAfterSeconds":"soon"}}',
        b'{"details":{"causes":[1,null,{"reason":[]}],"retryAfterSeconds":-1}}',
        b"[" * 5000,
        b'{"a":' * 5000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_bodies_of_proxies_are_understood_as_far_as_they_go(code, expected, body):
    """The status code is always enough to choose the error, and something is always said."""
    found = refusal(answer(code, body))

    assert (expected, code) == (type(found), code)
    assert str(found)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"  upstream connect error\n", "upstream connect error"),
        (b"x" * 10_000, "x" * 300),
        (b"", "the API server answered 503"),
        (b"\xffbad", "\ufffdbad"),
    ],
    ids=["text", "long", "nothing", "no UTF-8"],
)
def test_what_a_proxy_says_is_passed_on(body, said):
    """Trimmed and cut, because it ends up in a log line."""
    assert said == str(refusal(answer(503, body)))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("5", 5.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 3 ", 3.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", DEFAULT_RETRY_AFTER),
        ("soon", DEFAULT_RETRY_AFTER),
        ("-1", DEFAULT_RETRY_AFTER),
        ("nan", DEFAULT_RETRY_AFTER),
        ("inf", DEFAULT_RETRY_AFTER),
        ("1e300", DEFAULT_RETRY_AFTER),
    ],
)
def test_every_form_of_retry_after_is_a_time_one_can_wait(header, seconds):
    """Nonsense is read as soon, never as now or as for ever."""
    assert seconds == refusal(answer(429, status(code=429), retry_after=header)).retry_after


def test_the_header_counts_more_than_the_details():
    """Without it the details are asked; an absurd number of seconds is none."""
    body = status(code=429, details={"retryAfterSeconds": 7})

    assert 2.0 == refusal(answer(429, body, retry_after="2")).retry_after
    assert 7.0 == refusal(answer(429, body)).retry_after
    absurd = f'{{"details":{{"retryAfterSeconds":{10**400}}}}}'
    assert refusal(answer(429, absurd.encode())).retry_after is None


@pytest.mark.parametrize(
    ("code", "header", "wait"),
    [
        (429, "", DEFAULT_RETRY_AFTER),
        (429, "5", 5.0),
        (429, "0", 0.05),
        (500, "", None),
        (500, "3", 3.0),
        (503, "3", 3.0),
        (504, "", None),
        (409, "3", None),
        (403, "3", None),
    ],
)
def test_asking_again_is_for_those_who_were_told_to(code, header, wait):
    """Shed load always, a server's error when it says when; never a refusal, and never at once."""
    assert wait == retry_wait(refusal(answer(code, status(code=code), retry_after=header)))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (status(code=504, message="Too large resource version: 9, current: 3"), 504),
        (
            status(
                code=504,
                reason="Timeout",
                details={"causes": [{"reason": "ResourceVersionTooLarge", "message": "m"}]},
            ),
            504,
        ),
        (status(code=504, reason="ResourceVersionTooLarge"), 504),
    ],
    ids=["message", "cause", "reason"],
)
def test_t07_a_version_from_the_future_is_told_apart_from_a_timeout(body, code):
    """In each of the ways in which servers have said it."""
    assert isinstance(refusal(answer(code, body)), errors.TooLargeResourceVersion)


def test_details_name_the_fields():
    """Whoever shows an invalid object to its author needs them."""
    details = {
        "name": "x",
        "kind": "Pod",
        "uid": "u",
        "causes": [{"reason": "FieldValueRequired", "message": "Required", "field": "spec.a"}],
    }
    found = refusal(answer(422, status(code=422, reason="Invalid", details=details))).details

    assert ("x", "Pod", "u") == (found.name, found.kind, found.uid)
    assert [("FieldValueRequired", "Required", "spec.a")] == [
        (cause.reason, cause.message, cause.field) for cause in found.causes
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"kind":"Status","code":410,"reason":"Expired"}', (errors.Gone, 410)),
        (b'{"kind":"Status","code":410}', (errors.Gone, 410)),
        (b'{"kind":"Status","reason":"Expired"}', (errors.Gone, 500)),
        (b'{"kind":"Status","code":"410"}', (errors.InternalError, 500)),
        (b'{"kind":"Status"}', (errors.InternalError, 500)),
        (b'{"kind":"Pod","code":410}', None),
        (b'["Status"]', None),
        (b"null", None),
        (b"", None),
        (b"\xff", None),
        (b'{"kind":"Status","message":"\xff"}', None),
        (b"[" * 5000, None),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else "",
)
def test_t08_a_status_is_recognised_wherever_it_is_met(raw, expected):
    """In an ERROR event, in a line of its own, in the body of a 200; anything else is not one."""
    found = error_in(raw)

    assert expected == (None if found is None else (type(found), found.code))


@pytest.mark.parametrize(
    ("code", "well"), [(199, False), (200, True), (201, True), (299, True), (300, False)]
)
def test_success_is_two_hundred_and_something(code, well):
    """A redirect is none: we follow no redirects with credentials."""
    assert well == is_success(code)
