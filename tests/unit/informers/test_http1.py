"""HTTP/1.1 as bytes: what is read from answers however they are cut, and what is refused."""

import pytest

from informers.errors import ConfigError, TransportError
from informers.http1 import (
    Chunked,
    Counted,
    Head,
    Malformed,
    Open,
    body_of,
    field,
    parse_head,
    request_line,
)

CHUNKS = b"5\r\nhello\r\n1;ext=1\r\n \r\n00a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
CONTENT = b"hello 0123456789"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 12", Head(code=200, length=12)),
        (b"HTTP/1.1 200 OK\r\ncontent-length:12 ", Head(code=200, length=12)),
        (b"HTTP/1.1 200\r\nContent-Length: 0", Head(code=200, length=0)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked", Head(code=200, is_chunked=True)),
        (b"HTTP/1.1 429 Slow\r\nRetry-After: 7 ", Head(code=429, retry_after="7")),
        (
            b'HTTP/1.1 200 OK\r\nWarning: 299 - "a"\r\nWarning: 299 - "b"',
            Head(code=200, warnings=('299 - "a"', '299 - "b"')),
        ),
        (b"HTTP/1.1 200 OK\r\nConnection: Close", Head(code=200, keeps_alive=False)),
        (b"HTTP/1.1 200 OK\r\nConnection: x, Close", Head(code=200, keeps_alive=False)),
        (
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive",
            Head(code=200, keeps_alive=False),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
            Head(code=200, length=3, is_chunked=True, keeps_alive=False),
        ),
        (
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked",
            Head(code=200, is_chunked=True, keeps_alive=False),
        ),
        (b"HTTP/1.0 200 OK", Head(code=200, keeps_alive=False)),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive", Head(code=200)),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Content-Length: 4\r\nContent-Length: 3",
            Head(code=200, length=3),
        ),
    ],
    ids=[
        "length",
        "odd spaces",
        "no reason",
        "chunked",
        "wait",
        "warnings",
        "close",
        "close among others",
        "close wins",
        "chunks and a length",
        "chunks of 1.0",
        "1.0",
        "1.0 kept",
        "twice the same",
    ],
)
def test_what_a_head_says(raw, expected):
    """Code, length, encoding, what becomes of the connection, and when to come back."""
    assert expected == parse_head(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2",
        b"HTTP/2 200",
        b"HTTP/1.1 099 What",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 6",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\nTransfer-Encoding: chunked",
        b"HTTP/1.1 200 OK\r\nX: y\rContent-Length: 5",
    ],
    ids=[
        "no HTTP",
        "another version",
        "no such code",
        "long code",
        "negative",
        "two lengths in one",
        "two lengths",
        "other encoding",
        "endless length",
        "folded",
        "bare line feed",
        "bare return",
    ],
)
def test_a_head_that_could_be_misread_is_refused(raw):
    """What is no HTTP/1.1, or says two lengths, is an error and nobody's data."""
    with pytest.raises(Malformed):
        parse_head(raw)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (Head(code=200, length=3), Counted),
        (Head(code=200, length=3, is_chunked=True), Chunked),
        (Head(code=204), Counted),
        (Head(code=304, is_chunked=True), Counted),
        (Head(code=200), Open),
    ],
    ids=["counted", "chunks win over a length", "no content", "nor chunks then", "until closed"],
)
def test_how_a_body_is_read_follows_from_its_head(head, expected):
    """RFC 9112 section 6.3, as far as it concerns clients."""
    assert expected is type(body_of(head))


@pytest.mark.parametrize("cut", range(1, len(CHUNKS)))
def test_chunks_are_read_wherever_the_network_cuts_them(cut):
    """Two pieces, cut at every byte: the content is the same and the end is seen at the end."""
    body = Chunked()

    found = body.feed(CHUNKS[:cut])
    assert not body.is_complete
    found += body.feed(CHUNKS[cut:])

    assert CONTENT == found
    assert (True, False) == (body.is_complete, body.has_surplus)


def test_chunks_are_read_byte_by_byte():
    """The smallest pieces there are."""
    body = Chunked()

    assert CONTENT == b"".join(body.feed(CHUNKS[at : at + 1]) for at in range(len(CHUNKS)))
    assert body.is_complete


def test_a_chunk_under_way_is_given_as_far_as_it_came():
    """Who waits for a watch event's bytes does not wait for the chunk's end."""
    body = Chunked()

    assert b"abc" == body.feed(b"a\r\nabc")
    assert b"defg" == body.feed(b"defg")
    assert b"hij" == body.feed(b"hij\r")
    assert b"" == body.feed(b"\n0\r\n\r\n")
    assert body.is_complete


@pytest.mark.parametrize(
    "pieces",
    [
        [b"zz\r\nhello"],
        [b"-5\r\nhello"],
        [b"\r\nhello"],
        [b"5\r\nhelloXX0\r\n\r\n"],
        [b"5\r\nhello", b"X\r\n"],
        [b"5\r\nhello\r", b"X0\r\n\r\n"],
        [b"5" * 3000, b"5" * 3000],
        [b"0x5\r\nhello"],
        [b"+5\r\nhello"],
        [b"1_0\r\nhello"],
        [b" 5\r\nhello"],
        [b"5\n\r\nhello"],
        [b"5;x\ny\r\nhello"],
        [b"-0\r\n"],
    ],
    ids=[
        "no number",
        "negative",
        "no size",
        "too long",
        "late",
        "half",
        "endless size",
        "prefix",
        "sign",
        "underscore",
        "space",
        "line feed",
        "line feed in an extension",
        "minus nothing",
    ],
)
def test_chunks_that_do_not_add_up_are_refused(pieces):
    """A size that is none, or that is not that of its chunk."""
    body = Chunked()
    for piece in pieces[:-1]:
        body.feed(piece)

    with pytest.raises(Malformed):
        body.feed(pieces[-1])


def test_what_comes_after_the_end_is_noticed():
    """Then the connection carries somebody else's answer and is good for nothing."""
    counted, chunked = Counted(3), Chunked()

    assert b"abc" == counted.feed(b"abcHTTP/1.1 200 OK")
    assert b"" == chunked.feed(b"0\r\n\r\nHTTP/1.1 200 OK")
    assert (True, True) == (counted.has_surplus, chunked.has_surplus)


@pytest.mark.parametrize(
    ("body", "data"),
    [(Counted(5), b"abc"), (Chunked(), b"5\r\nabc"), (Chunked(), b"3\r\nabc\r\n0\r\n")],
    ids=["counted", "in a chunk", "before the last line"],
)
def test_a_body_that_ends_early_is_an_error(body, data):
    """A list without its last items would be taken for their deletion."""
    body.feed(data)

    with pytest.raises(TransportError, match="ended"):
        body.end()


def test_a_body_without_a_length_ends_with_its_connection():
    """As HTTP/1.0 does it."""
    body = Open()

    assert b"all" == body.feed(b"all")
    assert not body.is_complete
    body.end()
    assert body.is_complete


def test_a_request_line():
    """Method and target, as they are."""
    assert "GET /api/v1/pods?limit=5 HTTP/1.1\r\n" == request_line("GET", "/api/v1/pods?limit=5")


@pytest.mark.parametrize("target", ["/a b", "/a\r\nX: y", "/ä", "/a\x7f"])
def test_a_target_that_would_be_another_request_is_refused(target):
    """A name from somebody else's object must not become a header of ours."""
    with pytest.raises(ValueError, match="no name of an object"):
        request_line("GET", target)


@pytest.mark.parametrize("value", ["t\r\nX: y", "t\n", "t\0"])
def test_a_header_that_would_be_two_is_refused(value):
    """A token file with a line break in it is such a case."""
    with pytest.raises(ConfigError, match="Authorization holds a line break"):
        field("Authorization", value)


def test_a_header_may_hold_any_other_character():
    """Names of impersonated users are UTF-8."""
    assert "Impersonate-User: Jürgen\r\n" == field("Impersonate-User", "Jürgen")
