"""The chain of the ledger: any changed byte is found, and so is what is missing."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconcilers.penin.ledger.chain import (
    END,
    GENESIS,
    Entry,
    FieldChange,
    Head,
    Malformed,
    hash_of,
    read,
    verify,
    written,
)

LENGTH = 6


def ledger(length=LENGTH):
    """Return the entries of a ledger as bytes."""
    made, previous = [], GENESIS
    for number in range(1, length + 1):
        entry = Entry(
            sequence=number,
            time=f"2026-03-04T12:00:0{number % 10}.000000Z",
            previous=previous,
            cluster="a",
            decision="applied" if number % 2 else "kept",
            proposal=f"p{(number + 1) // 2}",
            proposal_uid="u",
            proposer="SR-Ω∞",
            by="operator",
            reason="Allowed",
            message="",
            fields=(FieldChange(field="replicas.sigmaGuard", before=2, after=3),),
        )
        made.append(written(entry))
        previous = hash_of(made[-1])
    return made


ENTRIES = ledger()
VOLUME = END.join([*ENTRIES, b""])
HEAD = Head(sequence=LENGTH, hash=hash_of(ENTRIES[-1]))
OBJECTS = dict(enumerate(ENTRIES, 1))


def test_a_ledger_as_it_was_written_is_whole():
    """With all its objects, with the newest of them, and with the volume alone."""
    for objects in (OBJECTS, {LENGTH: ENTRIES[-1]}, {}):
        report = verify(objects=objects, volume=VOLUME, head=HEAD)
        assert (report.is_whole, LENGTH, HEAD.hash) == (True, report.entries, report.head)


def test_without_a_volume_the_objects_are_the_ledger():
    """They are followed from the first."""
    assert verify(objects=OBJECTS).is_whole
    assert not verify(objects={2: ENTRIES[1]}).is_whole


def test_entries_that_are_not_on_the_volume_yet_follow_its_end():
    """The writer may be behind."""
    half = END.join([*ENTRIES[:3], b""])
    head = Head(sequence=3, hash=hash_of(ENTRIES[2]))

    assert verify(objects=OBJECTS, volume=half, head=head).is_whole
    newest = {number: OBJECTS[number] for number in (4, 5, 6)}
    assert verify(objects=newest, volume=half, head=head).is_whole
    assert [4] == found(verify(objects={5: ENTRIES[4], 6: ENTRIES[5]}, volume=half, head=head))


def found(report):
    """Return the entries at which something was found."""
    return sorted({problem.sequence for problem in report.problems})


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(VOLUME) - 1), bit=st.integers(0, 7), with_objects=st.booleans())
def test_any_flipped_bit_of_the_volume_is_found(at, bit, *, with_objects):
    """At its entry or, where a line's end is lost, at the one after it."""
    changed = bytearray(VOLUME)
    changed[at] ^= 1 << bit
    number = VOLUME[:at].count(END) + 1

    objects = OBJECTS if with_objects else {}
    report = verify(objects=objects, volume=bytes(changed), head=HEAD)

    assert not report.is_whole
    assert {number, number + 1} & set(found(report))


@pytest.mark.parametrize("place", range(len(VOLUME)))
def test_any_changed_byte_of_the_volume_is_found(place):
    """Every single one, whatever it was."""
    changed = bytearray(VOLUME)
    changed[place] = (changed[place] + 1) % 256

    assert not verify(objects={}, volume=bytes(changed), head=HEAD).is_whole


@pytest.mark.parametrize("number", range(1, LENGTH + 1))
def test_any_changed_byte_of_an_object_is_found(number):
    """At exactly that entry, with a volume to compare with, or with what follows it."""
    for place in range(len(ENTRIES[number - 1])):
        changed = bytearray(ENTRIES[number - 1])
        changed[place] ^= 1
        objects = OBJECTS | {number: bytes(changed)}
        assert [number] == found(verify(objects=objects, volume=VOLUME, head=HEAD))
        if number < LENGTH:
            assert {number, number + 1} & set(found(verify(objects=objects)))


@pytest.mark.parametrize("end", range(1, LENGTH))
def test_a_volume_that_lost_its_end_is_found(end):
    """Its writer had reported more."""
    cut = END.join([*ENTRIES[:end], b""])

    assert [LENGTH] == found(verify(objects={}, volume=cut, head=HEAD))


def test_an_entry_that_was_taken_out_is_found():
    """The one after it follows something else."""
    cut = END.join([*ENTRIES[:2], *ENTRIES[3:], b""])

    assert 3 in found(verify(objects={}, volume=cut, head=HEAD))


def test_a_ledger_that_was_written_anew_is_found():
    """A chain may be whole in itself; its head is not the one that was reported."""
    forged = [written(read(ENTRIES[0])).replace(b'"by":"operator"', b'"by":"operatos"')]
    volume = END.join([*forged, b""])

    assert [1] == found(
        verify(objects={}, volume=volume, head=Head(sequence=1, hash=hash_of(ENTRIES[0])))
    )


def test_half_a_line_is_no_entry():
    """What a crash has torn is told."""
    assert [LENGTH + 1] == found(verify(objects={}, volume=VOLUME + ENTRIES[0][:20], head=HEAD))


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"sequence":1}', ENTRIES[0] + b" "])
def test_other_bytes_are_no_entry(raw):
    """Not even a blank more."""
    with pytest.raises(Malformed):
        read(raw)
