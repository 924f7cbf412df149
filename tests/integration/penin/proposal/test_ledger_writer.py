"""The ledger-writer as a process, killed at any moment, on a real control plane."""

import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import threading

import pytest

from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from reconcilers.penin.ledger import entries
from reconcilers.penin.ledger.chain import END, GENESIS, Entry, Head, hash_of, verify, written
from reconcilers.penin.ledger.entries import Place
from tests.kit.eventually import eventually_blocking
from tests.kit.rest import Rest

WITHIN = 30
MANY = 150


class Running:
    """A ledger-writer, started again after each kill."""

    def __init__(self, cluster, namespace, folder):
        self.path = folder / "ledger.jsonl"
        self.log = folder / "writer.log"
        self._port = free_port()
        self._command = [
            *(sys.executable, "-m", "controller", "ledger-writer", "--cluster=a"),
            *(f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"),
            *(f"--path={self.path}", f"--address=127.0.0.1:{self._port}"),
        ]
        self.popen = None

    def start(self):
        """Start the process."""
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=log, env=dict(os.environ)
            )

    def kill(self):
        """End it without asking."""
        self.popen.kill()
        self.popen.wait(timeout=10)

    def stop(self):
        """Ask it to end; return its exit code."""
        self.popen.terminate()
        return self.popen.wait(timeout=20)

    def get(self, path):
        """Return the code and the body of a page; 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def events(self):
        """Return the names of what it logged."""
        lines = self.log.read_bytes().splitlines()
        return [json.loads(line)["event"] for line in lines if line.startswith(b"{")]


class Chain:
    """The ledger's objects as the operator makes them."""

    def __init__(self, rest, namespace):
        self.place = Place(namespace=namespace, cluster="a")
        self.path = f"/api/v1/namespaces/{namespace}/configmaps"
        self.rest = rest
        self.entries = []
        labels = entries.labels("a", entries.HEAD)
        rest.create(self.path, {"metadata": {"name": self.place.head, "labels": labels}})

    def add(self, rest=None):
        """Make the next entry an object."""
        raw = self.next()
        entry = json.loads(raw)
        body = entries.body(self.place, Entry(**_snake(entry)), owner=None)
        (rest or self.rest).create(self.path, body)

    def next(self):
        """Return the bytes of the next entry, which is one from now on."""
        number = len(self.entries) + 1
        entry = Entry(
            sequence=number,
            time="2026-03-04T12:00:00.000000Z",
            previous=hash_of(self.entries[-1]) if self.entries else GENESIS,
            cluster="a",
            decision="rejected",
            proposal=f"p{number}",
            proposal_uid=str(number),
            proposer="jane",
            by="operator",
            reason="Frozen",
            message="",
        )
        self.entries.append(written(entry))
        return self.entries[-1]

    def head(self):
        """Return what the writer has reported."""
        data = self.rest.get(f"{self.path}/{self.place.head}").get("data", {})
        return int(data.get("sequence", 0)), data.get("hash", ""), data.get("problem", "")

    def wanted(self):
        """Return what it has to report in the end."""
        return len(self.entries), hash_of(self.entries[-1]), ""

    def on_disk(self):
        """Return what the file has to hold in the end."""
        return END.join([*self.entries, b""])


def _snake(entry):
    """Return the fields of an entry as its type calls them."""
    return {("proposal_uid" if name == "proposalUid" else name): entry[name] for name in entry} | {
        "fields": ()
    }


@pytest.fixture
def chain(rest, namespace):
    """Return the ledger of a test."""
    return Chain(rest, namespace)


@pytest.fixture
def writer(cluster, namespace, tmp_path):
    """Return a writer; its process ends with the test."""
    running = Running(cluster, namespace, tmp_path)
    yield running
    if running.popen is not None and running.popen.poll() is None:
        running.kill()


def test_entries_reach_the_volume_and_are_reported(writer, chain):
    """In order, with their hashes; the pages show it."""
    for _ in range(3):
        chain.add()
    writer.start()
    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)
    chain.add()
    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)

    assert chain.on_disk() == writer.path.read_bytes()
    assert (200, chain.on_disk()[10:]) == writer.get("/ledger?offset=10")
    assert (200, b"ok\n") == writer.get("/health")
    assert b"penin_ledger_sequence 4.0" in writer.get("/metrics")[1]
    assert 404 == writer.get("/elsewhere")[0]
    assert 0 == writer.stop()


def test_a_writer_that_is_killed_again_and_again_loses_nothing(writer, chain, cluster):
    """No entry is lost, none is there twice, and the order is right."""
    rng = random.Random(7)
    done = threading.Event()

    def decide():
        rest = Rest(cluster.kubeconfig)
        try:
            for _ in range(MANY):
                chain.add(rest)
        finally:
            done.set()
            rest.close()

    thread = threading.Thread(target=decide)
    thread.start()
    kills = 0
    while not done.is_set() or kills < 8:
        writer.start()
        seen = chain.head()[0]
        with contextlib.suppress(AssertionError):  # it is killed in any case, early or late
            eventually_blocking(
                lambda seen=seen: chain.head()[0] > seen, within=rng.uniform(0.2, 1.5)
            )
        writer.kill()
        kills += 1
    thread.join()
    writer.start()

    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)
    assert chain.on_disk() == writer.path.read_bytes()
    head = Head(sequence=MANY, hash=chain.wanted()[1])
    report = verify(objects={}, volume=writer.path.read_bytes(), head=head)
    assert (MANY, True) == (report.entries, report.is_whole)


def test_a_line_that_a_crash_has_torn_is_written_again(writer, chain):
    """From the object, which is still there."""
    for _ in range(3):
        chain.add()
    writer.path.write_bytes(chain.on_disk()[:-30])
    writer.start()

    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)
    assert chain.on_disk() == writer.path.read_bytes()
    assert "ledger_torn_line_cut" in writer.events()


def test_nothing_is_added_to_a_ledger_that_was_changed(writer, chain):
    """It says so, where people and monitoring look, and still shows the file."""
    chain.add()
    chain.add()
    changed = chain.on_disk().replace(b'"by":"operator"', b'"by":"nobodyyy"', 1)
    writer.path.write_bytes(changed)
    writer.start()

    eventually_blocking(lambda: "entry 2" in chain.head()[2], within=WITHIN)
    chain.add()
    assert 503 == writer.get("/health")[0]
    assert (200, changed) == writer.get("/ledger")
    assert (200, b"ok\n") == writer.get("/livez")
    assert b"penin_ledger_blocked 1.0" in writer.get("/metrics")[1]
    assert changed == writer.path.read_bytes()


def test_an_entry_that_is_missing_stops_it_until_it_is_there(writer, chain):
    """There is never a gap on the volume."""
    chain.add()
    held_back = chain.next()
    chain.add()
    writer.start()
    eventually_blocking(
        chain.head,
        equals=(1, hash_of(chain.entries[0]), "entry 2: there is no such object"),
        within=WITHIN,
    )

    body = entries.body(chain.place, Entry(**_snake(json.loads(held_back))), owner=None)
    chain.rest.create(chain.path, body)

    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)
    assert chain.on_disk() == writer.path.read_bytes()


def test_a_report_that_somebody_changed_is_mended(writer, chain):
    """The next look tells it again."""
    chain.add()
    writer.start()
    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)

    chain.rest.merge(f"{chain.path}/{chain.place.head}", {"data": {"hash": "forged"}})

    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)


def test_a_second_writer_is_sent_away(writer, chain, cluster, namespace, tmp_path):
    """Two would interleave their lines."""
    chain.add()
    writer.start()
    eventually_blocking(chain.head, equals=chain.wanted(), within=WITHIN)
    second = Running(cluster, namespace, tmp_path)
    second.start()

    assert 1 == second.popen.wait(timeout=WITHIN)
    assert b"another process writes" in second.log.read_bytes()
