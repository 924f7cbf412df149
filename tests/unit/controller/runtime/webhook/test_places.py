"""Who has to go when there is one connection too many."""

import pytest

from controller.runtime.webhook.places import Places


@pytest.fixture
def places():
    """Return three places."""
    return Places[str](3)


def test_there_is_room_until_there_is_none(places):
    """Nobody has to go while there are places; one that left makes room."""
    assert [None] * 3 == [places.enter(guest) for guest in "abc"]

    places.leave("b")

    assert places.enter("d") is None
    assert (3, 0) == (len(places), places.taken_away)


def test_who_never_asked_goes_first(places):
    """The one that has said nothing for longest, whoever was idle for longer."""
    for guest in "abc":
        places.enter(guest)
    places.ask("a")
    places.rest("a")

    assert ["b", "c"] == [places.enter(guest) for guest in "de"]
    assert (3, 2) == (len(places), places.taken_away)


def test_then_who_has_been_idle_longest(places):
    """A newcomer is heard before one that has had its say."""
    for guest in "abc":
        places.enter(guest)
    for guest in "bca":
        places.ask(guest)
        places.rest(guest)

    assert "b" == places.enter("d")


def test_who_is_being_answered_stays(places):
    """Where all are, the newcomer has to go; it takes nobody's place."""
    for guest in "abc":
        places.enter(guest)
        places.ask(guest)

    assert "d" == places.enter("d")
    places.rest("c")
    assert "c" == places.enter("e")


def test_who_had_to_go_does_not_come_back_by_asking(places):
    """Its request may have been on the way; the place is another's."""
    for guest in "abcd":
        places.enter(guest)

    places.ask("a")
    places.rest("a")

    assert 3 == len(places)
    places.leave("a")
    assert 3 == len(places)
