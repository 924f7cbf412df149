"""What is known of a cluster survives between commands."""

import os

import msgspec
import pytest

from hack.cluster.errors import ClusterError
from hack.cluster.layout import Layout
from hack.cluster.process import Incarnation
from hack.cluster.record import Ports, Record

PORTS = Ports(etcd=1, apiserver=2, controller_manager=3, scheduler=4, kwok=5)


@pytest.fixture
def layout(tmp_path):
    """Return an empty cluster folder."""
    return Layout(tmp_path)


def record(**values):
    """Return a record."""
    return Record(kubernetes="1.36.3", binaries={}, ports=PORTS, **values)


def test_record_is_read_as_it_was_written(layout):
    """All of it comes back."""
    written = record(fake_nodes=3, processes={"etcd": Incarnation(pid=1, started=2, boot="b")})

    written.write(layout)

    assert written == Record.read(layout)
    assert [layout.record] == list(layout.root.iterdir())


def test_no_record_is_no_cluster(layout):
    """What was never written is None and no error."""
    assert Record.read(layout) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kubernetes": 1}'])
def test_unreadable_record_names_the_remedy(layout, content):
    """A damaged file is told with the command that clears it away."""
    layout.record.write_text(content)

    with pytest.raises(ClusterError, match="down --name"):
        Record.read(layout)


def test_orphan_is_one_whose_owner_ended():
    """Without an owner, or with one that runs, a cluster is no orphan."""
    owner = Incarnation.of(os.getpid())
    former = msgspec.structs.replace(owner, started=owner.started - 1)

    assert not record().is_orphan
    assert not record(owner=owner).is_orphan
    assert record(owner=former).is_orphan


def test_programs_are_there_or_not(tmp_path):
    """A program that went away is noticed."""
    program = tmp_path / "etcd"
    with_program = msgspec.structs.replace(record(), binaries={"etcd": str(program)})

    assert not with_program.has_programs
    program.touch()
    assert with_program.has_programs
