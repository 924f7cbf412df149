"""Which entries can be added to a volume, and what keeps the next one from being so."""

from informers.meta import codec
from reconcilers.penin.ledger import entries
from reconcilers.penin.ledger.chain import GENESIS, Head, hash_of, read
from reconcilers.penin.ledger.entries import ConfigMap, Place
from reconcilers.penin.ledger.writer import next_entries
from tests.unit.reconcilers.penin.ledger.test_chain import ENTRIES, HEAD

PLACE = Place(namespace="default", cluster="a")
START = Head(sequence=0, hash=GENESIS)


def objects(*numbers):
    """Return the objects of these entries."""
    bodies = (entries.body(PLACE, read(ENTRIES[n - 1]), owner=None) for n in numbers)
    return [codec.convert(body, ConfigMap) for body in bodies]


def test_they_are_added_in_order():
    """Whatever the order in which they came."""
    found = next_entries(START, objects(3, 1, 2))

    assert (ENTRIES[:3], "") == (found.ready, found.problem)


def test_what_is_there_is_not_added_again():
    """Objects stay after they are on the volume."""
    found = next_entries(Head(sequence=2, hash=hash_of(ENTRIES[1])), objects(1, 2, 3))

    assert ENTRIES[2:3] == found.ready
    assert [] == next_entries(HEAD, objects(1, 2, 3, 4, 5, 6)).ready


def test_a_gap_stops_it():
    """What comes before it is added, and which one is missing is said."""
    found = next_entries(START, objects(1, 2, 4))

    assert (ENTRIES[:2], "entry 3: there is no such object") == (found.ready, found.problem)


def test_an_entry_that_follows_another_one_stops_it():
    """The volume has an entry that this one does not know of."""
    found = next_entries(Head(sequence=2, hash="f" * 64), objects(3))

    assert [] == found.ready
    assert "entry 3: it follows" in found.problem
