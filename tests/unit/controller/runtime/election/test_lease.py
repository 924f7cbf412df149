"""The Lease on the wire: what is read, what is written, what each answer means."""

import datetime as dt

import msgspec
import pytest

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.lease import _REMEDIES, LeaseClient
from controller.runtime.election.machine import (
    Claim,
    Conflict,
    Failed,
    Missing,
    Request,
    Seen,
    Verb,
)
from controller.runtime.election.wire import Answer, EndpointInvalid
from informers.connection import Connection

CONFIG = ElectionConfig(name="pentad", namespace="pentad-system", identity="me")
NOON = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
STORED = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {
        "name": "pentad",
        "namespace": "pentad-system",
        "resourceVersion": "41",
        "labels": {"team": "x"},
        "managedFields": [{"manager": "m"}],
    },
    "spec": {
        "holderIdentity": "other",
        "leaseDurationSeconds": 20,
        "leaseTransitions": 3,
        "acquireTime": "2029-12-31T00:00:00.000000Z",
        "renewTime": "2030-01-01T12:00:00.000000Z",
        "strategy": "OldestEmulationVersion",
    },
}


class Patience:
    """Five seconds, for ever."""

    def remaining(self):
        """Seconds left."""
        return 5.0

    def wake_fd(self):
        """Never asked for without a socket."""
        raise AssertionError

    def woken(self):
        """Never called without a socket."""
        raise AssertionError


def client(*, wall=lambda: NOON, **where) -> LeaseClient:
    """A client that never connects."""
    connection = Connection(**({"server": "https://127.0.0.1:6443"} | where))
    return LeaseClient(CONFIG, connection, patience=Patience(), wall=wall)


def written(it: LeaseClient, claim: Claim, stored: dict | None = STORED) -> dict:
    """The body of a write."""
    basis = it.read(msgspec.json.encode(stored)) if stored is not None else None
    return msgspec.json.decode(msgspec.json.encode(it._desired(claim, basis)))


MINE = Claim(holder="me", duration=15, transitions=4, is_new=True)


def test_record_has_what_the_election_needs():
    """Holder, duration, transitions, version and stamp come from the Lease."""
    record = client().read(msgspec.json.encode(STORED))
    assert (record.holder, record.duration, record.transitions) == ("other", 20, 3)
    assert (record.version, record.stamp) == ("41", "2030-01-01T12:00:00.000000Z")


def test_empty_spec_reads_as_free():
    """A Lease somebody created by hand without a holder can be taken."""
    record = client().read(b'{"metadata":{"resourceVersion":"1"}}')
    assert (record.holder, record.duration, record.stamp) == ("", 15, "")


def test_a_time_of_zero_is_none():
    """The server shows a zero time as null; a Lease that has one can be waited for and taken."""
    stored = STORED | {"spec": STORED["spec"] | {"renewTime": None, "acquireTime": None}}

    assert "" == client().read(msgspec.json.encode(stored)).stamp
    assert "2030-01-01T12:00:00.000000Z" == written(client(), MINE, stored)["spec"]["renewTime"]


def test_a_count_of_changes_that_is_full_can_be_written():
    """The server refuses what has more than 32 bits, and with it every leader there could be."""
    body = written(client(), Claim(holder="me", duration=15, transitions=2**31, is_new=True))

    assert 2**31 - 1 == body["spec"]["leaseTransitions"]


def test_write_keeps_what_it_does_not_own():
    """Labels and unknown fields survive a renewal; managedFields are not sent back."""
    body = written(client(), MINE)
    assert body["metadata"] == {
        "name": "pentad",
        "namespace": "pentad-system",
        "resourceVersion": "41",
        "labels": {"team": "x"},
    }
    assert body["spec"]["strategy"] == "OldestEmulationVersion"


def test_new_term_is_stamped_and_a_renewal_keeps_its_start():
    """The acquireTime tells since when somebody leads."""
    body = written(client(wall=lambda: NOON + dt.timedelta(seconds=2)), MINE)
    assert body["spec"]["acquireTime"] == body["spec"]["renewTime"] == "2030-01-01T12:00:02.000000Z"
    kept = written(client(), Claim(holder="me", duration=15, transitions=4, is_new=False))
    assert kept["spec"]["acquireTime"] == "2029-12-31T00:00:00.000000Z"


def test_release_writes_nobody():
    """The holder of a released lease is empty, not absent, so that people see it."""
    body = written(client(), Claim(holder="", duration=1, transitions=4, is_new=False))
    assert (body["spec"]["holderIdentity"], body["spec"]["leaseDurationSeconds"]) == ("", 1)


def test_t24_stamps_differ_though_the_wall_clock_stands_still():
    """A frozen or stepped-back clock must not make a renewal look like no change."""
    assert written(client(), MINE)["spec"]["renewTime"] == "2030-01-01T12:00:00.000001Z"


def test_first_lease_is_complete():
    """A create names the object and starts the count."""
    claim = Claim(holder="me", duration=15, transitions=0, is_new=True)
    assert written(client(), claim, None) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "pentad", "namespace": "pentad-system"},
        "spec": {
            "holderIdentity": "me",
            "leaseDurationSeconds": 15,
            "leaseTransitions": 0,
            "acquireTime": "2030-01-01T12:00:00.000000Z",
            "renewTime": "2030-01-01T12:00:00.000000Z",
        },
    }


@pytest.mark.parametrize(
    ("verb", "status", "reply"),
    [
        (Verb.UPDATE, 409, Conflict()),
        (Verb.CREATE, 409, Conflict()),
        (Verb.READ, 404, Missing()),
        (Verb.UPDATE, 404, Missing()),
        (Verb.CREATE, 404, Failed(f"HTTP 404: no such namespace{_REMEDIES[404]}", 404)),
        (Verb.UPDATE, 403, Failed(f"HTTP 403: no such namespace{_REMEDIES[403]}", 403)),
        (Verb.READ, 401, Failed("HTTP 401: no such namespace", 401)),
        (Verb.UPDATE, 500, Failed("HTTP 500: no such namespace", 500)),
    ],
    ids=lambda value: getattr(value, "value", value) if not hasattr(value, "reason") else "failed",
)
def test_status_codes_become_replies(verb, status, reply):
    """Only 404 and 409 say something about the Lease; the rest says nothing."""
    request = Request(verb=verb, deadline=0)
    assert client()._reply(request, status, b'{"message":"no such namespace"}') == reply


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>login</html>"),
        (200, b'{"metadata":{"a":' + b"[" * 60_000),
        (502, b'{"a":' + b"[" * 60_000),
        (200, b'{"metadata":{"name":"\xff"}}'),
    ],
    ids=["page", "deep", "deep error", "no UTF-8"],
)
def test_answer_that_is_no_lease_is_a_failure(answer):
    """A proxy's HTML page with status 200 is not a renewal, and nothing it says ends the thread."""
    it = client()
    it._exchange = lambda _request: Answer(*answer)
    assert isinstance(it.send(Request(verb=Verb.READ, deadline=0)), Failed)


def test_failing_credentials_are_a_failure_and_not_the_end():
    """Whatever a credential plugin raises, the election goes on trying."""

    class Plugin(Connection):
        def headers(self):
            return {}["token"]

    it = LeaseClient(CONFIG, Plugin(server="http://127.0.0.1:1"), patience=Patience())
    reply = it.send(Request(verb=Verb.READ, deadline=0))
    assert isinstance(reply, Failed)
    assert "KeyError" in reply.reason


def test_good_answer_is_seen():
    """A Lease in a 200 is a Lease."""
    it = client()
    it._exchange = lambda _request: Answer(200, msgspec.json.encode(STORED))
    assert isinstance(it.send(Request(verb=Verb.READ, deadline=0)), Seen)


@pytest.mark.parametrize(
    ("server", "verb", "path"),
    [
        (
            "https://h",
            Verb.READ,
            "/apis/coordination.k8s.io/v1/namespaces/pentad-system/leases/pentad",
        ),
        ("https://h", Verb.CREATE, "/apis/coordination.k8s.io/v1/namespaces/pentad-system/leases"),
        (
            "https://h/k8s/c-1/",
            Verb.CREATE,
            "/k8s/c-1/apis/coordination.k8s.io/v1/namespaces/pentad-system/leases",
        ),
    ],
    ids=["read", "create", "prefix"],
)
def test_path_and_the_servers_own_deadline(server, verb, path):
    """The server is told how long we wait, so that it does not write after we have given up."""
    request = Request(verb=verb, deadline=0)
    expected = f"{path}?timeout=5.000s&fieldManager=pentad-leader-election"
    assert client(server=server)._path(request) == expected


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ({"server": "https://h", "proxy": "socks5://p:1"}, "neither http:// nor https://"),
        ({"server": "127.0.0.1:6443"}, "no host"),
    ],
    ids=["socks", "no-scheme"],
)
def test_bad_address_is_told_at_once(where, reason):
    """What cannot ever work is not found out in a thread."""
    with pytest.raises(EndpointInvalid, match=reason):
        client(**where)
