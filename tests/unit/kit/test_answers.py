"""The API server's refusals and the edits of what it says, as a blocking client sees them."""

import json

import pytest

from tests.kit import answers
from tests.kit.faults import READS, WATCHES, WRITES, EditRequest

from .conftest import EVENTS, LIST, ask


@pytest.mark.parametrize("code", [410, 429, 500, 504])
def test_an_error_event_comes_in_a_stream_of_200(proxy, watch, code):
    """The stream begins well and says ERROR at the point."""
    proxy.add(answers.error_event(code, after_events=1), WATCHES)
    stream = watch()
    assert 200 == stream.response.status
    first, error, end = stream.lines(3)
    said = json.loads(error)
    assert (EVENTS[0], "ERROR", b"") == (first, said["type"], end)
    assert (code, "Failure") == (said["object"]["code"], said["object"]["status"])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(answers.gone(), (410, "Expired"), id="410"),
        pytest.param(answers.throttled(3), (429, "TooManyRequests"), id="429"),
        pytest.param(answers.refusal(500), (500, "InternalError"), id="500"),
        pytest.param(answers.refusal(503), (503, "ServiceUnavailable"), id="503"),
        pytest.param(answers.too_large_resource_version(), (504, "Timeout"), id="too large"),
    ],
)
def test_the_proxy_answers_in_the_servers_stead(api, proxy, client, answer, expected):
    """A refusal is the API server's own document, and the server sees nothing."""
    proxy.add(answer, times=1)
    status, body, headers = ask(client)
    said = json.loads(body)
    assert expected == (status, said["reason"])
    assert (status, "Status") == (said["code"], said["kind"])
    assert str(len(body)) == headers["Content-Length"]
    assert [] == api.server.requests
    assert 200 == ask(client)[0]


def test_a_throttled_answer_says_when_to_come_back(proxy, client):
    """429 carries Retry-After and the same in its details."""
    proxy.add(answers.throttled(3))
    _, body, headers = ask(client)
    assert ("3", 3) == (headers["Retry-After"], json.loads(body)["details"]["retryAfterSeconds"])


def test_a_too_large_version_is_told_by_its_cause(proxy, client):
    """The document names the cause that clients look for."""
    proxy.add(answers.too_large_resource_version())
    causes = json.loads(ask(client)[1])["details"]["causes"]
    assert ["ResourceVersionTooLarge"] == [cause["reason"] for cause in causes]


def test_gone_hides_in_a_200_that_is_not_chunked(proxy, watch):
    """The third disguise of 410: a JSON body with a length."""
    proxy.add(answers.gone_in_200(), WATCHES)
    stream = watch()
    assert (200, None) == (
        stream.response.status,
        stream.response.headers["Transfer-Encoding"],
    )
    assert 410 == json.loads(stream.rest())["object"]["code"]


def test_an_answer_at_the_reply_replaces_what_the_server_said(api, proxy, client):
    """The server does the work and the client is told a failure."""
    proxy.add(answers.refusal(504, at="reply"), WRITES)
    assert 504 == ask(client, "POST", body=b"{}")[0]
    assert [b"{}"] == api.applied
    assert 200 == ask(client)[0]


def test_lines_end_with_cr_lf(proxy, watch):
    """CRLF comes where LF was."""
    proxy.add(answers.crlf(), WATCHES)
    assert [line[:-1] + b"\r\n" for line in EVENTS] == watch().lines(4)


def test_bookmarks_do_not_get_through(proxy, watch):
    """All events come but bookmarks."""
    rule = proxy.add(answers.drop_bookmarks(), WATCHES)
    assert [EVENTS[0], EVENTS[1], EVENTS[3]] == watch().lines(3)
    assert 1 == rule.fired


def test_the_end_of_initial_events_is_not_told(proxy, watch):
    """The bookmark comes without the annotation; other events come as they were."""
    proxy.add(answers.strip_initial_events_end(), WATCHES)
    lines = watch().lines(4)
    bookmark = json.loads(lines.pop(2))
    assert ("BOOKMARK", {}) == (bookmark["type"], bookmark["object"]["metadata"]["annotations"])
    assert [EVENTS[0], EVENTS[1], EVENTS[3]] == lines


def test_a_list_claims_another_version(proxy, client):
    """The resource version of a list is rewritten, the items are not."""
    proxy.add(answers.list_version("3"), READS)
    said = json.loads(ask(client)[1])
    assert LIST | {"metadata": {"resourceVersion": "3"}} == said


def test_the_server_does_not_see_a_parameter(api, proxy, client):
    """The server gets the edited request, the record keeps what the client sent."""
    proxy.add(answers.drop_params("limit"), READS)
    ask(client, target="/w?limit=5&continue=a%20b")
    assert {"continue": "a b"} == api.server.requests[0].params
    assert {"continue": "a b", "limit": "5"} == proxy.seen()[0].params


def test_an_edit_reaches_the_server(api, proxy, client):
    """A request may be rewritten altogether."""
    proxy.add(EditRequest(edit=lambda r: r.with_body(b"[]")), WRITES)
    ask(client, "PUT", body=b"{}")
    assert [b"[]"] == api.applied
