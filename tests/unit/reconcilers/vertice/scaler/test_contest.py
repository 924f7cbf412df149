"""Who sets back what a scaler writes is told of when it has done so often enough."""

from reconcilers.vertice.scaler.contest import TIMES, WITHIN, Contests

KEY = "shop/web"


def fought(contests, *, every, times=TIMES, back=1):
    """Return what is said of a number that is written and set back, at each turn."""
    said = []
    for turn in range(times):
        contests.wrote(KEY, 1, 3, turn * every)
        said.append(contests.set_back(KEY, back, turn * every + 1.0))
    return said


def test_what_is_set_back_again_and_again_is_told_of():
    """With the numbers, and once until it was so as often again."""
    *before, last = fought(Contests(), every=15.0)

    assert ["", ""] == before
    assert last.startswith("from 3 to 1 pods: somebody set the number back 3 times")
    assert 2 == sum(map(bool, fought(Contests(), every=15.0, times=2 * TIMES)))


def test_what_is_set_back_now_and_then_is_not():
    """That may be people."""
    assert not any(fought(Contests(), every=WITHIN, times=10))


def test_another_number_is_another_matter():
    """Only what there was before the change is a step back."""
    assert not any(fought(Contests(), every=15.0, back=2))


def test_one_change_is_set_back_once():
    """However often one looks."""
    contests = Contests()
    contests.wrote(KEY, 1, 3, 0.0)

    assert not any(contests.set_back(KEY, 1, at) for at in (15.0, 30.0, 45.0, 60.0))


def test_of_what_was_never_written_nothing_is_said():
    """Nor of what is gone."""
    contests = Contests()
    assert "" == contests.set_back(KEY, 1, 0.0)
    fought(contests, every=15.0, times=2)
    contests.forget(KEY)

    assert ["", ""] == fought(contests, every=15.0, times=2)


def test_what_is_set_back_long_after_is_another_matter():
    """People change their minds."""
    contests = Contests()
    for turn in range(TIMES):
        contests.wrote(KEY, 1, 3, turn * 15.0)
        assert "" == contests.set_back(KEY, 1, turn * 15.0 + WITHIN + 1.0)
