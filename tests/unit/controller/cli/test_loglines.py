"""Logs of several containers as one."""

import contextlib
import json

import pytest

from controller.cli.loglines import merge, parse, pretty
from controller.cli.paint import Brush
from controller.cli.podlogs import Extent, follow, request, sources
from informers.errors import TransportError
from tests.unit.controller.cli.made import pod

PLAIN = Brush(is_on=False)


def test_lines_are_merged_by_time():
    """Whatever the number of digits: the server leaves out zeros at the end."""
    one = [
        parse("2026-01-01T12:00:00.1Z first", "a"),
        parse("2026-01-01T12:00:00.2Z third", "a"),
    ]
    two = [
        parse("2026-01-01T12:00:00.123456789Z second", "b"),
        parse("2026-01-01T12:00:01Z last", "b"),
    ]

    assert ["first", "second", "third", "last"] == [each.text for each in merge([one, two])]


@pytest.mark.parametrize("raw", ["", "no time here", "failed to open log file", "2026 was a year"])
def test_a_line_without_a_time_is_kept(raw):
    """Kubelets put a word of their own into logs."""
    assert ("", raw) == (parse(raw, "a").time, parse(raw, "a").text)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"event": "stopped", "level": "info", "timestamp": "now", "code": 0, "by": "a b"},
            "info     stopped code=0 by='a b'",
        ),
        ({"msg": "x", "severity": "ERROR", "list": [1]}, "ERROR    x list=[1]"),
        ({"message": "only"}, "only"),
        ({"event": "a\x1b[2Jb"}, "a^[[2Jb"),
    ],
)
def test_records_are_readable(record, expected):
    """Level, event, fields; the time stands before the line if it is asked for."""
    assert expected == pretty(json.dumps(record), PLAIN)


@pytest.mark.parametrize("line", ["plain", "{not json", '{"no": "event"}', '["list"]', "{}"])
def test_other_lines_stay_as_they_are(line):
    """Also those that look like a record at first."""
    assert line == pretty(line, PLAIN)


def test_a_level_has_its_colour():
    """On a terminal that has them."""
    found = pretty('{"event":"x","level":"error"}', Brush(is_on=True))

    assert "\x1b[31merror   \x1b[0m \x1b[1mx\x1b[0m" == found


def test_every_container_of_a_pod_is_a_source():
    """Those that run first only if they are named; the title names what has to be told apart."""
    both = pod(
        "p",
        spec={
            "containers": [{"name": "a"}, {"name": "b"}],
            "initContainers": [{"name": "first"}],
        },
    )

    assert ["p/a", "p/b"] == [each.title for each in sources(both)]
    assert ["first"] == [each.container for each in sources(both, "first")]
    assert ["p"] == [each.title for each in sources(pod("p"))]
    assert [] == sources(pod("p"), "nobody")


def test_what_is_asked_for_is_in_the_request():
    """As the API server takes it."""
    (source,) = sources(pod("p"))

    found = request(source, Extent(tail=5, since_seconds=60, previous=True), follow="true")

    assert (
        "/api/v1/namespaces/default/pods/p/log?container=c&timestamps=true&tailLines=5"
        "&sinceSeconds=60&previous=true&follow=true"
    ) == found.target


class Broken:
    """A client whose streams break, each where it is told to; it notes what was asked."""

    def __init__(self, *streams):
        self.streams = list(streams)
        self.asked = []
        self.clock = self

    async def sleep(self, _seconds):
        """Wait for nothing."""

    @contextlib.asynccontextmanager
    async def stream(self, asked):
        """Return the next stream."""
        self.asked.append(asked.query)
        yield Pieces(self.streams.pop(0))


class Pieces:
    """A stream of pieces; one that is an error is raised."""

    def __init__(self, pieces):
        self.pieces = [*pieces, b""]

    async def chunk(self, *, within):
        """Return the next piece."""
        assert within > 0
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece


async def followed(client):
    """Return the texts of a log that is followed to its end."""
    (source,) = sources(pod("p"))
    return [line.text async for line in follow(client, source, Extent(tail=1))]


async def test_a_log_goes_on_where_its_connection_was_lost():
    """From the second of the last line, without what was shown before; nothing is shown twice."""
    client = Broken(
        [b"2026-01-01T12:00:00.5Z one\n2026-01-01T12:00:00.5Z t", b"wo\n", TransportError("cut")],
        [b"2026-01-01T12:00:00.5Z two\n2026-01-01T12:00:01Z three\nrest"],
    )

    assert ["one", "two", "three", "rest"] == await followed(client)
    assert ["1", None] == [each.get("tailLines") for each in client.asked]
    assert [None, "2026-01-01T12:00:00Z"] == [each.get("sinceTime") for each in client.asked]


async def test_a_server_that_stays_away_ends_it():
    """After a few tries in vain."""
    client = Broken(*([TransportError("gone")] for _ in range(9)))

    with pytest.raises(TransportError):
        await followed(client)

    assert 6 == len(client.asked)
