"""Each fault, proven by a blocking client on a real socket."""

import http.client
import json
import socket
from itertools import pairwise

import pytest

from tests.kit import answers
from tests.kit.eventually import eventually_blocking
from tests.kit.faults import (
    READS,
    WATCHES,
    WRITES,
    Answer,
    Cut,
    Delay,
    End,
    HalfOpen,
    Inject,
    Lag,
    Match,
    Rechunk,
    Stall,
    Throttle,
)

from .conftest import EVENTS, LATER, LIST, ask

BYTES = b"".join(EVENTS)


@pytest.mark.parametrize(
    ("point", "passes"),
    [
        pytest.param({}, 0, id="after the head"),
        pytest.param({"after_events": 2}, len(EVENTS[0] + EVENTS[1]), id="after two events"),
        pytest.param({"after_bytes": 7}, 7, id="after seven bytes"),
        pytest.param(
            {"after_events": 1, "after_bytes": 5}, len(EVENTS[0]) + 5, id="within the second event"
        ),
    ],
)
def test_a_watch_is_cut_at_exactly_the_point(proxy, watch, point, passes):
    """A cut lets everything before its point through and not a byte more."""
    rule = proxy.add(Cut(how="fin", **point), WATCHES)
    with pytest.raises(http.client.IncompleteRead) as cut:
        watch().rest()
    assert BYTES[:passes] == cut.value.partial
    assert (1, 1) == (rule.matched, rule.fired)


def test_a_reset_arrives_as_a_reset(proxy, watch):
    """A cut by RST is ECONNRESET to the client, after what was sent before."""
    proxy.add(Cut(after_events=1), WATCHES)
    stream = watch()
    assert EVENTS[:1] == stream.lines(1)
    with pytest.raises(ConnectionResetError):
        stream.lines(1)


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_a_write_cut_at_the_request_is_never_applied(api, proxy, client, how):
    """A cut before the upstream means the API server saw nothing."""
    proxy.add(Cut(at="request", how=how), WRITES)
    with pytest.raises(ConnectionError):  # RemoteDisconnected is one of them
        ask(client, "POST", body=b"{}")
    assert [] == api.applied


def test_a_write_cut_at_the_reply_is_applied_once(api, proxy, client):
    """T36e: the write is done and its reply lost."""
    rule = proxy.add(Cut(at="reply"), WRITES, times=1)
    with pytest.raises(ConnectionResetError):
        ask(client, "POST", body=b'{"n":1}')
    assert [b'{"n":1}'] == api.applied
    assert 1 == rule.fired
    assert 201 == ask(client, "POST", body=b'{"n":2}')[0]


def test_a_list_is_cut_within_its_body(proxy, client):
    """In a body that is no watch the point counts bytes."""
    proxy.add(Cut(after_bytes=10, how="fin"), READS)
    client.request("GET", "/apis/test/widgets")
    with pytest.raises(http.client.IncompleteRead) as cut:
        client.getresponse().read()
    assert json.dumps(LIST).encode()[:10] == cut.value.partial


def test_a_stall_holds_and_then_gives_all(api, proxy, watch):
    """What came during a stall follows in order when the rule is removed."""
    rule = proxy.add(Stall(after_events=1), WATCHES)
    stream = watch()
    assert EVENTS[:1] == stream.lines(1)
    api.gate.open()
    eventually_blocking(lambda: rule.fired, equals=1)
    assert stream.is_silent()
    rule.remove()
    assert b"".join([*EVENTS[1:], *LATER]) == stream.rest()


def test_a_held_watch_lets_replies_to_writes_pass(api, proxy, watch, connect):
    """Events of an open watch stay behind while a write begun later is answered."""
    stream = watch()
    assert EVENTS == stream.lines(4)
    with proxy.hold(WATCHES):
        api.gate.open()
        assert 201 == ask(connect(proxy), "POST", body=b"{}")[0]
        assert stream.is_silent()
    assert b"".join(LATER) == stream.rest()


def test_a_held_reply_lets_events_pass(api, proxy, client, connect):
    """A write's reply held back arrives after the event that the write caused."""
    writer = connect(proxy)
    rule = proxy.add(Stall(at="reply"), WRITES)
    writer.request("POST", "/apis/test/widgets", b"{}")
    eventually_blocking(lambda: len(api.applied), equals=1)
    client.request("GET", "/apis/test/widgets?watch=true")
    assert EVENTS[0] == client.getresponse().readline()
    rule.remove()
    assert 201 == writer.getresponse().status


@pytest.mark.parametrize("at", ["request", "reply", "body"])
def test_a_half_open_connection_swallows_everything(api, proxy, client, at):
    """The connection stays established, takes what is sent, and never says anything again."""
    rule = proxy.add(HalfOpen(at=at), READS, times=1)
    client.request("GET", "/apis/test/widgets")
    eventually_blocking(lambda: rule.fired, equals=1)
    if at == "body":
        assert 200 == client.getresponse().status
    client.sock.sendall(b"x" * (8 << 20))
    client.sock.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.sock.recv(1)
    assert 1 == proxy.statistics().open_connections
    assert "swallowed" == proxy.seen(READS)[0].outcome
    assert (0 if at == "request" else 1) == len(api.server.requests)


def test_a_stream_ends_properly_within_a_line(proxy, watch):
    """A truncated last line with a proper end of the stream."""
    proxy.add(End(after_events=1, after_bytes=12), WATCHES)
    assert EVENTS[0] + EVENTS[1][:12] == watch().rest()


def test_after_a_proper_end_the_connection_serves_on(proxy, client, watch):
    """An ended stream leaves a connection that can be used again."""
    proxy.add(End(after_events=1), WATCHES, times=1)
    assert EVENTS[0] == watch().rest()
    assert 200 == ask(client)[0]
    assert 1 == proxy.statistics().connections


def test_a_line_is_put_into_an_open_stream(api, proxy, watch):
    """A live injection needs no event of the server's to come out."""
    stream = watch()
    assert EVENTS == stream.lines(4)
    proxy.add(Inject(line=b"{}\n", then="go on"), WATCHES, live=True)
    assert [b"{}\n"] == stream.lines(1)
    api.gate.open()
    assert b"".join(LATER) == stream.rest()


def test_a_delay_ends_early_when_its_rule_is_removed(proxy, client):
    """A request that is being delayed goes on at once."""
    rule = proxy.add(Delay(seconds=3600))
    client.request("GET", "/apis/test/widgets")
    eventually_blocking(lambda: rule.fired, equals=1)
    rule.remove()
    assert 200 == client.getresponse().status


@pytest.mark.parametrize("at", ["request", "reply"])
def test_a_delay_lasts(proxy, client, at):
    """A delayed exchange takes at least that long."""
    proxy.add(Delay(seconds=0.1, at=at))
    ask(client)
    seen = proxy.seen()[0]
    assert seen.finished - seen.started >= 0.1


def test_a_lagging_watch_keeps_its_order_and_its_pace(api, proxy, watch):
    """Every event comes late by the lag, counted from its own arrival and not from the last."""
    proxy.lag(0.2)
    stream = watch()
    api.gate.open()
    assert b"".join([*EVENTS, *LATER]) == stream.rest()
    seen = eventually_blocking(lambda: [s for s in proxy.seen() if s.finished])[0]
    assert 0.2 <= seen.finished - seen.started < 0.8


def test_a_throttled_body_trickles(proxy, client):
    """The body comes no faster than the rate."""
    size = len(json.dumps(LIST))
    proxy.add(Throttle(bytes_per_second=size * 5), READS)
    assert json.dumps(LIST).encode() == ask(client)[1]
    seen = proxy.seen()[0]
    assert seen.finished - seen.started >= 0.19


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_every_so_many_bytes_are_a_chunk(proxy, client, size):
    """Chunks of a given size, down to one byte, and the same payload."""
    proxy.add(Rechunk(size=size), WATCHES)
    proxy.add(End(after_events=2), WATCHES)
    client.connect()
    raw = client.sock
    raw.sendall(b"GET /w?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    wire = read_until(raw, b"\r\n0\r\n\r\n").partition(b"\r\n\r\n")[2]
    parts = wire.split(b"\r\n")
    sizes = [int(line, 16) for line in parts[:-2:2] if line != b"0"]
    payload = b"".join(parts[1:-2:2])
    assert EVENTS[0] + EVENTS[1] == payload
    assert max(sizes) == size
    assert len(payload) == sum(sizes)


def test_only_the_nth_request_is_taken(proxy, client):
    """`skip` requests go free, `times` are taken, the rest go free."""
    rule = proxy.add(answers.refusal(503), READS, skip=1, times=2)
    assert [200, 503, 503, 200, 200] == [ask(client)[0] for _ in range(5)]
    assert 2 == rule.matched


def test_faults_add_up(proxy, watch):
    """Several rules on one exchange all do their part."""
    proxy.add(answers.crlf(), WATCHES)
    proxy.add(answers.drop_bookmarks(), WATCHES)
    proxy.add(answers.error_event(after_events=3), WATCHES)
    lines = watch().lines(5)
    assert [EVENTS[i][:-1] + b"\r\n" for i in (0, 1, 3)] == lines[:3]
    assert ("ERROR", b"") == (json.loads(lines[3])["type"], lines[4])


def test_a_rule_lives_as_long_as_its_block(proxy, client):
    """Leaving the block removes the rule, and `clear` removes all."""
    with proxy.add(answers.refusal(503)):
        assert 503 == ask(client)[0]
    assert 200 == ask(client)[0]
    proxy.add(answers.refusal(503))
    proxy.clear()
    assert 200 == ask(client)[0]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(Match(), [1, 1, 1, 1], id="all"),
        pytest.param(Match(method="GET"), [1, 1, 1, 0], id="method"),
        pytest.param(Match(method=("POST", "PUT")), [0, 0, 0, 1], id="methods"),
        pytest.param(Match(path="/widgets$"), [1, 1, 0, 1], id="path"),
        pytest.param(Match(watch=True), [0, 1, 0, 0], id="watch"),
        pytest.param(Match(query={"limit": "5"}), [1, 0, 0, 0], id="value"),
        pytest.param(Match(query={"limit": ...}), [1, 0, 1, 0], id="any value"),
        pytest.param(Match(query={"limit": None}), [0, 1, 0, 1], id="absent"),
    ],
)
def test_a_match_picks_its_requests(proxy, client, where, expected):
    """Method, path, query and being a watch select requests."""
    proxy.add(Answer(status=503, body=b"{}"), where)
    asked = [
        ("GET", "/widgets?limit=5"),
        ("GET", "/widgets?watch=1"),
        ("GET", "/widgets/one?limit=6"),
        ("POST", "/widgets"),
    ]
    proxy.add(Answer(status=200, body=b"{}"), Match(), skip=9)
    picked = []
    for method, target in asked:
        client.request(method, target)
        response = client.getresponse()
        picked.append(int(response.status == 503))
        client.close()
    assert expected == picked


def test_lag_is_per_stream(proxy, connect):
    """One watch may lag while another, of other objects, runs on time."""
    proxy.add(Lag(seconds=3600), Match(path="/slow$", watch=True))
    slow, fast = connect(proxy), connect(proxy)
    for connection, path in ((slow, "/slow"), (fast, "/fast")):
        connection.request("GET", f"{path}?watch=1")
    assert EVENTS[0] == fast.getresponse().readline()
    assert 200 == slow.getresponse().status
    seen = {s.path: s.events for s in proxy.seen()}
    assert (True, 0) == (seen["/fast"] > 0, seen["/slow"])


def read_until(raw: socket.socket, mark: bytes) -> bytes:
    """All up to and with the mark."""
    got = b""
    while not got.endswith(mark):
        block = raw.recv(65536)
        assert block, f"closed after {got!r}"
        got += block
    return got


def test_the_fixtures_events_are_in_order():
    """The versions of the events rise, so an order mixed up would show."""
    versions = [int(json.loads(e)["object"]["metadata"]["resourceVersion"]) for e in EVENTS + LATER]
    assert all(a < b for a, b in pairwise(versions))
