"""The backlog: order inside and between priorities, moves between them, and ageing."""

import pytest

from controller.runtime.workqueue.priority import AGED_AFTER, AGED_TURN, DEFAULT, LOW, Backlog


def _filled(*keys: tuple[str, int]) -> Backlog:
    backlog = Backlog()
    for key, priority in keys:
        backlog.push(key, priority)
    return backlog


class _Since(dict):
    """Every key became ready at the same moment unless told otherwise."""

    def __missing__(self, key: str) -> float:
        return 0.0


def _pop_all(backlog, *, now=0.0, since=None) -> list[str]:
    return [backlog.pop(now, since or _Since()) for _ in range(len(backlog))]


def test_higher_first_and_in_order_inside() -> None:
    """Keys leave by priority, and first in, first out inside one."""
    backlog = _filled(("l1", LOW), ("d1", 0), ("h1", 9), ("l2", LOW), ("d2", 0), ("h2", 9))

    assert ["h1", "h2", "d1", "d2", "l1", "l2"] == _pop_all(backlog)
    assert (0, True, False) == (len(backlog), backlog.is_plain, backlog.has_other_priorities)


def test_a_moved_key_goes_to_the_end_of_its_new_priority() -> None:
    """A key that is raised leaves its old place for good."""
    backlog = _filled(("a", LOW), ("b", LOW), ("c", LOW), ("d", 0))
    backlog.move("b", old=LOW, new=DEFAULT)

    assert (4, {"high": 0, "default": 2, "low": 2}) == (len(backlog), backlog.depth())
    assert ["d", "b", "a", "c"] == _pop_all(backlog)


def test_a_key_that_comes_back_to_a_level_stands_at_its_end() -> None:
    """The ghost of an earlier stay does not stand for the later one."""
    backlog = _filled(("first", LOW), ("a", LOW), ("b", LOW))
    for _ in range(2):
        backlog.move("a", old=LOW, new=5)
        assert "a" == backlog.pop(0.0, _Since())
        backlog.push("a", LOW)

    assert ["first", "b", "a"] == _pop_all(backlog)


def test_moving_the_last_key_empties_its_level() -> None:
    """A level without keys, ghosts or not, is gone."""
    backlog = _filled(("a", LOW))
    backlog.move("a", old=LOW, new=DEFAULT)

    assert backlog.is_plain
    assert ["a"] == list(backlog.default)


def test_the_default_level_is_not_plain_while_it_has_ghosts() -> None:
    """Who takes from `default` directly must never meet a ghost."""
    backlog = _filled(("a", DEFAULT), ("b", DEFAULT), ("c", DEFAULT))
    backlog.move("b", old=DEFAULT, new=5)
    assert "b" == backlog.pop(0.0, _Since())
    assert (False, False) == (backlog.is_plain, backlog.has_other_priorities)

    assert ["a", "c"] == _pop_all(backlog)
    assert backlog.is_plain


def test_ghosts_do_not_pile_up() -> None:
    """A key that is raised twenty thousand times over a waiting one leaves few ghosts."""
    backlog = _filled(("waits", LOW))
    for _ in range(20_000):
        backlog.push("busy", LOW)
        backlog.move("busy", old=LOW, new=DEFAULT)
        assert "busy" == backlog.pop(0.0, _Since())

    assert len(backlog._by_priority[LOW].keys) < 100
    assert ["waits"] == _pop_all(backlog)


def test_priorities_without_keys_leave_nothing() -> None:
    """A thousand priorities that come and go leave only the default level."""
    backlog = Backlog()
    for priority in range(-500, 500):
        backlog.push(f"key{priority}", priority)
        backlog.pop(0.0, _Since())

    assert (1, 1) == (len(backlog._levels), len(backlog._by_priority))


def test_fresh_low_keys_wait_for_every_higher_one() -> None:
    """Before a low key has aged, the order is strict."""
    backlog = _filled(("low", LOW), *((f"d{i}", 0) for i in range(50)))

    assert "low" == _pop_all(backlog, now=AGED_AFTER * 0.99)[-1]


def test_an_aged_key_gets_every_eighth_turn() -> None:
    """Among fresh high keys the aged ones leave in order, one in `AGED_TURN` turns."""
    backlog = _filled(("l1", LOW), ("l2", LOW), *((f"d{i}", 0) for i in range(50)))
    since = _Since({f"d{i}": 5.0 for i in range(50)})
    order = _pop_all(backlog, now=5.0, since=since)

    assert [AGED_TURN - 1, 2 * AGED_TURN - 1] == [order.index("l1"), order.index("l2")]


def test_the_oldest_of_several_low_priorities_goes_first() -> None:
    """Ageing looks at the wait and not at how low the priority is."""
    backlog = _filled(("low", LOW), ("lowest", 2 * LOW), *((f"d{i}", 0) for i in range(20)))
    since = _Since({f"d{i}": 5.0 for i in range(20)} | {"low": 1.0, "lowest": 0.0})
    order = _pop_all(backlog, now=5.0, since=since)

    assert order.index("lowest") < order.index("low") == 2 * AGED_TURN - 1


def test_ageing_costs_nothing_while_high_keys_are_older() -> None:
    """A backlog that is old everywhere goes by priority."""
    backlog = _filled(("low", LOW), *((f"d{i}", 0) for i in range(20)))
    since = _Since({"low": 1.0})

    assert "low" == _pop_all(backlog, now=100.0, since=since)[-1]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [((), None), ((("a", 0), ("b", LOW)), 1.0), ((("a", 0),), 3.0)],
    ids=["empty", "low-is-older", "one"],
)
def test_oldest_tells_the_longest_wait(keys, expected) -> None:
    """The longest waiting of the next keys counts, whatever its priority."""
    assert expected == _filled(*keys).oldest({"a": 3.0, "b": 1.0})
