"""The little Lease server of the chaos tests gives the answers of the real one."""

import socket

import pytest

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.fence import boottime
from controller.runtime.election.lease import LeaseClient
from controller.runtime.election.machine import (
    Claim,
    Conflict,
    Missing,
    Request,
    Seen,
    Verb,
)
from informers.connection import Connection, connect
from informers.http1 import field
from tests.chaos.election_server import lease_server

MINE = Claim(holder="me", duration=15, transitions=0, is_new=True)
NOBODY = Claim(holder="", duration=1, transitions=0, is_new=False)
READ = Request(verb=Verb.READ, deadline=0)
CREATE = Request(verb=Verb.CREATE, deadline=0, claim=MINE)


class Patience:
    """Thirty seconds for all of it, and nobody who interrupts."""

    def __init__(self, pair):
        self.pair = pair
        self.until = boottime() + 30

    def remaining(self):
        """Seconds left."""
        return self.until - boottime()

    def wake_fd(self):
        """A descriptor to which nobody writes."""
        return self.pair[0].fileno()

    def woken(self):
        """Nobody does."""
        raise AssertionError


@pytest.fixture
def little():
    """The address of the little server."""
    with lease_server() as url:
        yield url


@pytest.fixture(params=["little", "real"])
async def lease(request, namespace, cluster, little):
    """A client for a Lease that is not there yet."""
    if request.param == "real":
        connection = await connect(kubeconfig=cluster.kubeconfig)
    else:
        connection = Connection(server=little)
    pair = socket.socketpair()
    config = ElectionConfig(name="l", namespace=namespace, identity="me")
    client = LeaseClient(config, connection, patience=Patience(pair))
    yield client
    client.close()
    for end in pair:
        end.close()


def update(claim, record):
    """A write over what was seen."""
    return Request(verb=Verb.UPDATE, deadline=0, claim=claim, basis=record)


async def test_absent_lease_is_missing(lease):
    """A read of nothing is 404."""
    assert lease.send(READ) == Missing()


async def test_create_is_read_back_and_cannot_be_repeated(lease):
    """What was created is what is there, once."""
    created = lease.send(CREATE)
    assert isinstance(created, Seen)
    assert (created.record.holder, created.record.duration) == ("me", 15)
    assert lease.send(READ) == created
    assert lease.send(CREATE) == Conflict()


async def test_update_needs_the_version_that_is_there(lease):
    """Of two writes over the same version the second is a conflict."""
    first = lease.send(CREATE).record
    second = lease.send(update(MINE, first))
    assert isinstance(second, Seen)
    assert (second.record.version, second.record.stamp) > (first.version, first.stamp)
    assert lease.send(update(MINE, first)) == Conflict()
    assert lease.send(READ) == second


async def test_release_leaves_an_empty_holder(lease):
    """An empty holder is accepted, whether it is stored as empty or as absent."""
    first = lease.send(CREATE).record
    released = lease.send(update(NOBODY, first)).record
    assert (released.holder, released.duration) == ("", 1)


async def test_update_of_a_deleted_lease_never_creates_it(lease):
    """Who overwrites a Lease that is gone does not bring it back."""
    first = lease.send(CREATE).record
    delete(lease)
    assert lease.send(update(MINE, first)) == Conflict()
    assert lease.send(READ) == Missing()


def delete(lease):
    """Delete the Lease, over the client's own connection."""
    fields = "".join(field(*pair) for pair in lease._connection.headers().items())
    assert lease._fresh_enough().ask("DELETE", lease._path(READ), fields).code == 200
