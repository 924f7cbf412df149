"""Results that are kept as long as what they follow from is equal."""

from controller.runtime.recent import Recent


def test_a_result_is_made_once_for_what_it_follows_from():
    """Again if that is another, for its own key only."""
    made = []
    recent = Recent[int]()

    def ask(key, follows_from):
        return recent.of(key, follows_from, lambda: made.append(follows_from) or len(made))

    assert [1, 1, 2, 2, 3, 1] == [
        ask("a", (1, "x")),
        ask("a", (1, "x")),
        ask("a", (2, "x")),
        ask("a", (2, "x")),
        ask("b", (2, "x")),
        recent.of("c", None, lambda: 1),
    ]
    assert 3 == len(recent)


def test_what_was_not_asked_for_longest_goes_first():
    """It never holds more than its bound."""
    recent = Recent[str](bound=2)
    for key in ("a", "b", "a", "c"):
        recent.of(key, 0, lambda key=key: key)

    assert 2 == len(recent)
    assert "a" == recent.of("a", 0, lambda: "made again")
    assert "made again" == recent.of("b", 0, lambda: "made again")
