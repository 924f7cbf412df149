"""Random answers, damaged and cut anywhere, read by us and by a reading of RFC 9112's grammar.

The reference sees all bytes at once and is a regular expression; ours gets them in pieces.
"""

import random
import re

import pytest

from informers.http1 import Chunked, Malformed, body_of, parse_head

ROUNDS = 3000
SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
LINES = [
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"Connection: close",
    b"Retry-After: 1",
    b'Warning: 299 - "old"',
]


def reference(data):
    """The content and where it ends; None if more has to come; raises what makes no sense."""
    content, at = b"", 0
    while b"\r\n" in data[at:]:
        size = SIZE.match(data, at)
        if size is None:
            raise ValueError(data[at:])
        length, at = int(size[1], 16), size.end()
        if length == 0:
            while (end := data.find(b"\r\n", at)) > at:
                at = end + 2
            return (content, end + 2) if end == at else None
        content += data[at : at + length]
        at += length
        if not b"\r\n".startswith(data[at : at + 2]):
            raise ValueError(data[at:])
        at += 2
    return None


def chunks(rng):
    """A body in chunks, often with something wrong in it or after it."""
    data = bytearray()
    for _ in range(rng.randrange(4)):
        content = bytes(rng.choices(b"ab\r\n0", k=rng.choice([1, 2, 15, 16, 300])))
        said = rng.choice([b"%x", b"%X"]) % len(content) + rng.choice([b"", b";a=b", b" ", b"\t;q"])
        data += said + b"\r\n" + content + b"\r\n"
    data += b"0\r\n" + rng.choice([b"", b"Trailer: x\r\n"]) + b"\r\n"
    data += rng.choice([b"", b"HTTP/1.1 200"])
    for _ in range(rng.choice([0, 0, 1, 2])):
        at = rng.randrange(len(data))
        data[at : at + rng.randrange(2)] = rng.choice([b"", b"\r", b"\n", b"0", b"a", b"_", b"+"])
    return bytes(data[: rng.randrange(len(data)) + 1] if rng.random() < 0.2 else data)


def in_pieces(data, rng):
    """Feed the data in pieces; what came out, whether that is all, and whether more came."""
    body, found, at = Chunked(), b"", 0
    while at < len(data) and not body.is_complete:
        size = rng.choice([1, 2, 5, 50, len(data)])
        found += body.feed(data[at : at + size])
        at += size
    return found, body.is_complete, body.has_surplus or at < len(data)


@pytest.mark.parametrize("block", range(4))
def test_chunks_mean_what_the_grammar_says(block):
    """The same content, the same end, the same refusals, however they are cut."""
    seed = random.randrange(2**32)
    print("block", block, "seed", seed)
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        data = chunks(rng)
        try:
            expected = reference(data)
        except ValueError:
            with pytest.raises(Malformed):
                in_pieces(data, rng)
            continue
        found, is_complete, has_surplus = in_pieces(data, rng)
        assert (expected is not None) == is_complete, data
        if expected is not None:
            assert (expected[0], expected[1] < len(data)) == (found, has_surplus), data


def test_no_head_is_more_than_refused():
    """Whatever stands in it: it is read, or it is `Malformed`."""
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    refused = 0
    for _ in range(ROUNDS):
        head = bytearray(b"\r\n".join([b"HTTP/1.1 200 OK", *rng.choices(LINES, k=3)]))
        for _ in range(rng.randrange(5)):
            head[rng.randrange(len(head))] = rng.randrange(256)
        try:
            body_of(parse_head(bytes(head)))
        except Malformed:
            refused += 1
    assert 0 < refused < ROUNDS
