"""A change goes from part to part, each when it is ready, and back when it must."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcilers.penin.cluster.rollout import NOTHING, Plan, Seen, Wish, plan

PARTS = ("redis", "guard", "meta")
OLD = Wish(revision="old", settings={"redis": "r1", "guard": "g1", "meta": "m1"})
NEW = Wish(revision="new", settings={"redis": "r1", "guard": "g2", "meta": "m2"})


def ready(settings, *, seconds=100.0):
    """Return a part whose pods are all ready with its settings."""
    return Seen(settings=settings, settled_for=seconds)


def settled(wish):
    """Return all parts as they are when a wish has come true."""
    return {part: ready(settings) for part, settings in wish.settings.items()}


def test_nothing_is_to_do_where_all_is_as_wanted():
    """The usual case."""
    found = plan(OLD, settled(OLD))

    assert found.is_done
    assert found.settings == OLD.settings


def test_a_new_cluster_gets_everything_at_once():
    """There is nothing that could be disturbed."""
    found = plan(NEW, dict.fromkeys(PARTS, Seen()))

    assert found.settings == NEW.settings
    assert found.at == "redis"


def test_only_the_first_part_that_differs_is_changed():
    """The others keep what they have, until it is ready."""
    found = plan(NEW, settled(OLD))

    assert (found.at, found.settings) == ("guard", {"redis": "r1", "guard": "g2", "meta": "m1"})


def test_parts_that_were_merely_touched_keep_their_order():
    """A new deadline changes all Deployments at once; none of them is down for it."""
    touched = {part: Seen(settings=old, is_touched=True) for part, old in OLD.settings.items()}

    found = plan(NEW, touched | {"redis": ready("r1")})

    assert (found.at, found.settings["meta"]) == ("guard", "m1")


def test_a_part_that_was_given_its_settings_is_waited_for():
    """Also in the moment before its status tells of them: no other has its turn meanwhile."""
    found = plan(NEW, settled(OLD) | {"meta": Seen(settings="m2", is_touched=True)})

    assert (found.at, found.settings["guard"]) == ("meta", "g1")


def test_the_next_part_has_its_turn_when_the_last_is_ready():
    """And not before: a pod that starts is not ready."""
    starting = settled(OLD) | {"guard": Seen(settings="g2")}

    assert plan(NEW, starting).settings["meta"] == "m1"
    assert plan(NEW, starting | {"guard": ready("g2")}).settings["meta"] == "m2"


def test_a_part_has_to_stay_ready_for_a_while_if_so_asked():
    """The plan tells how long is left, since no event will."""
    found = plan(NEW, settled(OLD) | {"guard": ready("g2", seconds=10)}, soak=30)

    assert (found.at, found.look_again) == ("guard", 20)
    assert found.settings["meta"] == "m1"


def test_a_stuck_part_stops_the_change_and_says_why():
    """Nothing after it is touched."""
    found = plan(NEW, settled(OLD) | {"guard": Seen(settings="g2", stuck="no such image")})

    assert (found.at, found.stuck, found.settings["meta"]) == ("guard", "no such image", "m1")


def test_a_part_stuck_with_older_settings_does_not_stop_its_own_repair():
    """What hangs is what is being replaced."""
    found = plan(NEW, settled(OLD) | {"guard": Seen(settings="g1", stuck="it crashes")})

    assert (found.at, found.settings["guard"], found.stuck) == ("guard", "g2", "")


def test_a_newer_wish_replaces_one_that_is_stuck():
    """The user mended the spec: no need to wait for the old one."""
    mended = Wish(revision="mended", settings=NEW.settings | {"guard": "g3"})

    found = plan(mended, settled(OLD) | {"guard": Seen(settings="g2", stuck="no such image")})

    assert (found.at, found.settings["guard"]) == ("guard", "g3")


def test_a_deleted_part_is_made_as_wanted_at_once():
    """It is gone: waiting for its turn would only keep it away. The others wait for it."""
    found = plan(NEW, settled(OLD) | {"meta": Seen()})

    assert (found.at, found.settings) == ("meta", {"redis": "r1", "guard": "g1", "meta": "m2"})


HALFWAY = settled(OLD) | {"guard": Seen(settings="g2", stuck="no such image")}


def test_a_stuck_change_goes_back_if_so_asked():
    """To what all parts were ready with, and it is remembered as failed."""
    found = plan(NEW, HALFWAY, good=OLD, rollback=True)

    assert (found.revision, found.failed, found.settings) == ("old", "new", OLD.settings)


def test_what_failed_is_not_tried_again():
    """Only another spec is."""
    found = plan(NEW, settled(OLD), good=OLD, failed="new", rollback=True)

    assert (found.revision, found.is_done, found.failed) == ("old", True, "new")


def test_the_way_back_is_taken_in_the_reverse_order():
    """What was changed last is mended first."""
    changed = {part: Seen(settings=found) for part, found in NEW.settings.items()}

    found = plan(NEW, changed, good=OLD, failed="new", rollback=True)

    assert (found.at, found.settings) == ("meta", {"redis": "r1", "guard": "g2", "meta": "m1"})


def test_a_part_that_is_down_comes_first():
    """Changing one that works meanwhile would leave two of them down."""
    down = settled(OLD) | {"meta": Seen(settings="m1")}

    assert plan(NEW, down).settings == {"redis": "r1", "guard": "g1", "meta": "m2"}
    assert plan(NEW, down | {"meta": Seen(settings="m2")}).at == "meta"


@pytest.mark.parametrize("good", [None, NEW])
def test_there_is_no_way_back_without_an_earlier_state(good):
    """A first rollout that hangs can only be mended by its user."""
    found = plan(NEW, HALFWAY, good=good, rollback=True)

    assert (found.revision, found.stuck) == ("new", "no such image")


def test_nothing_goes_back_unless_asked():
    """The default: a stuck change stops and waits for a person."""
    assert plan(NEW, HALFWAY, good=OLD).revision == "new"


SETTINGS = st.sampled_from(["1", "2", "3"])
WISHES = st.builds(
    lambda values: Wish(revision="-".join(values), settings=dict(zip(PARTS, values, strict=True))),
    st.tuples(SETTINGS, SETTINGS, SETTINGS),
)


@given(st.lists(WISHES, min_size=1, max_size=6), st.data())
def test_whatever_is_wished_meanwhile_no_two_parts_change_at_once(wishes, data):
    """Parts become ready in their own time; at the end all have what was wished last."""
    seen = settled(OLD) | {part: ready("0") for part in PARTS}
    for wish in wishes:
        for _ in range(data.draw(st.integers(0, 4))):
            seen = _obey(plan(wish, seen), seen)
            assert sum(each.settled_for is None for each in seen.values()) <= 1
            if data.draw(st.booleans()):
                seen = _all_ready(seen)
    for _ in range(2 * len(PARTS) + 1):
        seen = _all_ready(_obey(plan(wishes[-1], seen), seen))
    assert {part: each.settings for part, each in seen.items()} == wishes[-1].settings
    assert plan(wishes[-1], seen).is_done


def _obey(found: Plan, seen: dict[str, Seen]) -> dict[str, Seen]:
    """Give the parts what the plan says; what gets other settings starts anew."""
    assert NOTHING not in found.settings.values()
    return {
        part: each if each.settings == found.settings[part] else Seen(settings=found.settings[part])
        for part, each in seen.items()
    }


def _all_ready(seen: dict[str, Seen]) -> dict[str, Seen]:
    return {part: attrs.evolve(each, settled_for=100.0) for part, each in seen.items()}
