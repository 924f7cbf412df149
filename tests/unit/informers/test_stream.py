"""Lines of a watch, however the network cuts them up, and what they say."""

import random

import pytest

from informers import stream
from informers.errors import DecodeError
from informers.stream import Lines, parse_event

TEXT = b'{"type":"ADDED","object":{"a":"\xc3\xa9"}}\n\r\n\n{"b":1}\r\n{"c":2}\n'
LINES = [b'{"type":"ADDED","object":{"a":"\xc3\xa9"}}', b'{"b":1}\r', b'{"c":2}']


def fed(chunks):
    """Return the lines of chunks, and what is left."""
    lines = Lines()
    return [line for chunk in chunks for line in lines.feed(chunk)], lines.rest


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_t16_lines_are_the_same_whatever_the_size_of_chunks(size):
    """Split inside a letter, a line end or nowhere; empty lines are no lines."""
    chunks = [TEXT[at : at + size] for at in range(0, len(TEXT), size)]

    assert (LINES, b"") == fed(chunks)


def test_t16_lines_are_the_same_wherever_they_are_split():
    """At every border of a byte."""
    for at in range(len(TEXT) + 1):
        assert (LINES, b"") == fed([TEXT[:at], TEXT[at:]])


@pytest.mark.parametrize(
    ("chunks", "lines", "rest"),
    [
        ([b""], [], b""),
        ([b"\n"], [], b""),
        ([b"\r\n"], [], b""),
        ([b"\r", b"\n"], [], b""),
        ([b"a", b"", b"b"], [], b"ab"),
        ([b"a", b"b\n"], [b"ab"], b""),
        ([b"a\nb"], [b"a"], b"b"),
        ([b"a\n", b"b"], [b"a"], b"b"),
        ([b"a\nb", b"c\nd", b"\n"], [b"a", b"bc", b"d"], b""),
        ([b"\n\na\n\n\nb\n\n"], [b"a", b"b"], b""),
    ],
    ids=repr,
)
def test_t16_a_line_is_complete_with_its_end(chunks, lines, rest):
    """What has none yet is the rest, which at the end of a stream was cut off."""
    assert (lines, rest) == fed(chunks)


def test_t16_a_line_of_two_mebibytes_comes_in_one_piece():
    """From ten thousand chunks, in time that grows with its length and not its square."""
    line = random.Random(3).randbytes(2 * 1024 * 1024).replace(b"\n", b" ")
    chunks = [line[at : at + 200] for at in range(0, len(line), 200)]

    assert ([line], b"rest") == fed([*chunks, b"\nrest"])


@pytest.mark.parametrize("ending", [b"", b"\n"], ids=["unended", "ended"])
def test_t16_what_is_no_watch_does_not_fill_the_memory(monkeypatch, ending):
    """A line longer than any object can be ends the stream, and is not kept."""
    monkeypatch.setattr(stream, "MAX_LINE", 1000)
    lines = Lines()
    lines.feed(b"x" * 600)

    with pytest.raises(DecodeError, match="not a watch stream"):
        lines.feed(b"x" * 600 + ending + b"y" * 1001)
    assert b"" == lines.rest


@pytest.mark.parametrize("type_", ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"])
@pytest.mark.parametrize(
    "form",
    [
        '{{"type":"{}","object":{}}}',
        '{{"type": "{}", "object": {}}}',
        '{{"object":{1},"type":"{0}"}}',
        '{{"type":"{}","object":{}}}\r',
        ' {{"type":"{}","more":[{{}}],"object":{}}} ',
    ],
    ids=["as the server writes it", "spaced", "turned round", "carriage return", "more"],
)
def test_events_are_read_in_any_spelling(type_, form):
    """The object's bytes are exactly those of the line."""
    body = '{"metadata":{"name":"a"},"x":[1, 2]}'

    assert (type_, body.encode()) == parse_event(form.format(type_, body).encode())


def test_a_type_nobody_knows_is_told_as_it_is():
    """Whoever applies events decides what to make of it."""
    assert ("SURPRISE", b"{}") == parse_event(b'{"type":"SURPRISE","object":{}}')


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b'{"type":"ADDED"}',
        b'{"object":{}}',
        b'{"type":1,"object":{}}',
        b'{"type":"ADDED","object":{"a":1',
        b'{"type":"ADDED","obj',
        b"<html><body>502 Bad Gateway</body></html>",
        b'{ "type":"\xff","object":{}}',
    ],
    ids=repr,
)
def test_t17_what_is_no_event_is_told_with_its_beginning(line):
    """One bad line says nothing of the next."""
    with pytest.raises(DecodeError, match="not a watch event"):
        parse_event(line)


def test_t17_the_beginning_is_all_that_is_told():
    """A huge line does not become a huge log line."""
    with pytest.raises(DecodeError) as caught:
        parse_event(b"x" * 1_000_000)

    assert len(str(caught.value)) < 500
