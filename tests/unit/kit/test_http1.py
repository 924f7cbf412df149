"""Framing holds wherever the blocks of the network happen to end."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import http1

GET = http1.Request(method="GET", target="/w", headers=())


def reply(*headers, status=200):
    """A reply's head."""
    return http1.simple_reply(status, headers)


@settings(deadline=None)
@given(
    payloads=st.lists(st.binary(min_size=1, max_size=40), max_size=6),
    cuts=st.lists(st.integers(0, 300), max_size=12),
    rest=st.binary(max_size=5),
)
def test_chunks_decode_however_they_are_cut(payloads, cuts, rest):
    """Any cutting of the wire gives the same payload, end and rest."""
    wire = b"".join(map(http1.chunk, payloads)) + http1.LAST_CHUNK + rest
    edges = sorted({0, len(wire), *(min(c, len(wire)) for c in cuts)})
    body, got, after = http1.ChunkedBody(), b"", b""
    for start, end in itertools.pairwise(edges):
        if body.done:
            after += wire[start:end]
        else:
            got += body.decode(wire[start:end])
            after = body.rest
    assert (b"".join(payloads), True, rest) == (got, body.done, after)


def test_chunks_decode_byte_by_byte_with_extensions_and_trailers():
    """Extensions and trailers are dropped."""
    body = http1.ChunkedBody()
    wire = b"3;x=1\r\nabc\r\n0\r\nTrailer: t\r\n\r\n"
    got = b"".join(body.decode(wire[i : i + 1]) for i in range(len(wire)))
    assert (b"abc", True, b"") == (got, body.done, body.rest)


@pytest.mark.parametrize("wire", [b"zz\r\n", b"3\r\nabcd\r\n"], ids=["size", "longer"])
def test_wrong_chunks_are_refused(wire):
    """A size that is none, and a chunk longer than it says."""
    with pytest.raises(http1.MalformedError):
        http1.ChunkedBody().decode(wire)


def test_a_sized_body_leaves_what_follows():
    """The end is at the length, and before it a closed peer is no proper end."""
    body = http1.SizedBody(5)
    assert (b"abc", False, False) == (body.decode(b"abc"), body.done, body.end())
    assert (b"de", True, b"next") == (body.decode(b"denext"), body.done, body.rest)


@pytest.mark.parametrize(
    ("request_", "head", "expected"),
    [
        pytest.param(GET, reply(("Transfer-Encoding", "chunked")), http1.ChunkedBody, id="chunked"),
        pytest.param(GET, reply(("Content-Length", "3")), http1.SizedBody, id="sized"),
        pytest.param(GET, reply(), http1.OpenBody, id="until closed"),
        pytest.param(GET, reply(status=304), http1.SizedBody, id="none"),
        pytest.param(
            http1.Request(method="HEAD", target="/w", headers=()),
            reply(("Transfer-Encoding", "chunked")),
            http1.SizedBody,
            id="head",
        ),
    ],
)
def test_the_framing_follows_from_the_head(request_, head, expected):
    """Length, chunks, until closed, or no body at all."""
    assert expected is type(http1.body_of(request_, head))


def test_a_request_survives_reading_and_writing():
    """Target, order and spelling of headers stay; the length is that of the body."""
    head = b"POST /w?a=%20b&a=c HTTP/1.1\r\nHost: x\r\nX-MiXed: 1\r\n\r\n"
    request = http1.parse_request(head).with_body(b"{}")
    expected = head[:-2] + b"Content-Length: 2\r\n\r\n{}"
    assert expected == request.encode()
    assert ("/w", {"a": "c"}) == (request.path, request.params)


@pytest.mark.parametrize("head", [b"GET\r\n\r\n", b"GET / HTTP/2\r\n\r\n"])
def test_what_is_no_request_is_refused(head):
    """Neither too few words nor another protocol pass as a request."""
    with pytest.raises(http1.MalformedError):
        http1.parse_request(head)


def test_a_reply_survives_reading_and_writing():
    """Status, reason and headers stay as they were."""
    head = b"HTTP/1.1 410 Gone away\r\nRetry-After: 1\r\n\r\n"
    parsed = http1.parse_reply(head)
    assert (410, "Gone away", "1") == (parsed.status, parsed.reason, parsed.get("retry-after"))
    assert head == parsed.encode()
