"""The ledger's file: what a crash may leave, what a person may have done to it."""

import os

import pytest

from reconcilers.penin.ledger.chain import END, GENESIS, Head, hash_of
from reconcilers.penin.ledger.volume import Occupied, Volume
from tests.unit.reconcilers.penin.ledger.test_chain import ENTRIES, HEAD, LENGTH, VOLUME


@pytest.fixture
def path(tmp_path):
    """Return where the file is."""
    return tmp_path / "ledger.jsonl"


@pytest.fixture
def opened(path):
    """Return a function that opens the file; it is closed with the test."""
    made = []

    def open_(content=None, *, reported=None):
        if content is not None:
            path.write_bytes(content)
        volume = Volume(path)
        made.append(volume)
        volume.open(reported=reported)
        return volume

    yield open_
    for volume in made:
        volume.close()


def test_what_is_added_is_there_when_it_is_opened_again(opened, path):
    """Line by line, with the same head."""
    volume = opened()
    assert (0, GENESIS) == (volume.sequence, volume.hash)
    volume.append(ENTRIES[:2])
    volume.append(ENTRIES[2:])
    volume.close()

    assert VOLUME == path.read_bytes()
    assert HEAD == opened().head


@pytest.mark.parametrize("lost", [1, 2, 40, len(ENTRIES[-1])])
def test_a_torn_line_is_cut_off_and_written_again(opened, path, lost):
    """Whatever of it had reached the disk."""
    volume = opened(VOLUME[:-lost])
    assert (LENGTH - 1, "") == (volume.sequence, volume.problem)
    assert len(ENTRIES[-1]) + 1 - lost == volume.torn

    volume.append(ENTRIES[-1:])

    assert VOLUME == path.read_bytes()


def test_a_line_that_was_changed_is_a_problem(opened, path):
    """Nothing is cut, nothing can be known of what follows."""
    changed = VOLUME.replace(b'"before":2', b'"before":1', 1)

    volume = opened(changed)

    assert "entry 2: it follows" in volume.problem
    assert 0 == volume.torn
    assert changed == volume.slice(0) == path.read_bytes()


def test_another_ledger_is_a_problem(opened):
    """One whose entry has another hash than was reported."""
    other = opened(VOLUME, reported=Head(sequence=3, hash="f" * 64))
    assert "entry 3" in other.problem
    other.close()
    assert "" == opened(VOLUME, reported=Head(sequence=3, hash=hash_of(ENTRIES[2]))).problem


def test_a_second_process_is_sent_away(opened, path):
    """Two writers would interleave."""
    opened()

    with pytest.raises(Occupied):
        Volume(path).open()


def test_a_write_that_fails_leaves_nothing(opened, path, monkeypatch):
    """A full disk takes half a line, which is cut off again; then it goes on."""
    volume = opened(END.join([*ENTRIES[:4], b""]))
    whole = path.read_bytes()
    write = os.write

    def full(descriptor, content):
        if len(content) < 100:
            raise OSError(28, "No space left on device")
        return write(descriptor, bytes(content[:50]))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        volume.append(ENTRIES[4:5])
    monkeypatch.setattr(os, "write", write)

    assert (whole, 4) == (path.read_bytes(), volume.sequence)
    volume.append(ENTRIES[4:])
    assert VOLUME == path.read_bytes()


def test_it_is_read_from_any_byte(opened):
    """Up to what is on the disk."""
    volume = opened(VOLUME)

    assert VOLUME == volume.slice(0)
    assert VOLUME[17:] == volume.slice(17)
    assert b"" == volume.slice(len(VOLUME))
    assert b"" == volume.slice(len(VOLUME) + 5)
