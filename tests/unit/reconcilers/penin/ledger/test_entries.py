"""Entries as objects: their names, their ends, and which need not be kept."""

from informers.meta import codec
from reconcilers.penin.ledger import entries
from reconcilers.penin.ledger.chain import GENESIS, Head, hash_of, read
from reconcilers.penin.ledger.entries import ConfigMap, Place
from tests.unit.reconcilers.penin.ledger.test_chain import ENTRIES

PLACE = Place(namespace="default", cluster="a")


def object_of(raw):
    """Return the object of an entry."""
    return entries.body(PLACE, read(raw), owner=None)


def test_an_entry_is_an_object_that_cannot_be_changed():
    """With its number in its name, found by its cluster and its proposal."""
    body = object_of(ENTRIES[0])

    assert body["immutable"]
    assert "a-ledger-00000001" == body["metadata"]["name"]
    assert {"app": "penin-omega", "cluster": "a", "penin.ai/ledger": "entry"} == {
        name: body["metadata"]["labels"][name] for name in ("app", "cluster", "penin.ai/ledger")
    }
    assert ENTRIES[0] == entries.content(codec.convert(body, ConfigMap))


def test_names_and_numbers():
    """What is not an entry has no number."""
    assert 12 == entries.number(PLACE.entry(12))
    assert 0 == entries.number("a-ledger-head")
    assert 0 == entries.number("a-ledger-1")


def test_what_the_next_entry_follows():
    """The newest object, or the volume where the objects are gone."""
    newest = codec.convert(object_of(ENTRIES[2]), ConfigMap)
    far = Head(sequence=9, hash="f")

    assert Head(sequence=0, hash=GENESIS) == entries.following(None, None)
    assert Head(sequence=3, hash=hash_of(ENTRIES[2])) == entries.following(newest, None)
    assert far == entries.following(newest, far)
    assert far == entries.following(None, far)
    assert 3 == entries.following(newest, Head(sequence=2, hash="")).sequence


def test_only_what_is_on_the_volume_can_be_forgotten():
    """And the newest ones never."""
    names = [PLACE.entry(number) for number in range(1, 11)]

    assert () == entries.forgettable(names, None, kept=3)
    assert names[:4] == entries.forgettable(names, Head(sequence=4, hash=""), kept=3)
    assert names[:7] == entries.forgettable(names, Head(sequence=10, hash=""), kept=3)


def test_a_report_that_makes_no_sense_is_none():
    """Nothing is forgotten because of it."""
    broken = ConfigMap(data={"sequence": "many", "hash": "f"})

    assert entries.head_of(broken) is None
    assert entries.head_of(None) is None
