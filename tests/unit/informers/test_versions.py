"""The order of resource versions."""

import pytest

from informers.versions import is_comparable, is_older, newest

BIG = "9" * 24


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        ("1", "2", True),
        ("2", "1", False),
        ("9", "10", True),
        ("10", "9", False),
        ("7", "7", False),
        (BIG, "1" + "0" * 24, True),
        ("1" + "0" * 24, BIG, False),
        ("", "1", False),
        ("1", "", False),
        ("0", "1", False),
        ("01", "2", False),
        ("a", "b", False),
        ("1", "1a", False),
        ("-1", "10", False),
        ("٣", "10", False),
    ],
)
def test_only_numbers_are_ordered(one, other, older):
    """Older means provably older; what is no number comes before nothing."""
    assert older == is_older(one, other)


@pytest.mark.parametrize("text", ["", "0", "01", "-1", "1.5", "x", "٣", " 1", "1 "])
def test_what_the_server_would_not_write_is_not_comparable(text):
    """Versions are digits without a leading zero."""
    assert not is_comparable(text)


def test_the_newest_is_the_second_where_they_do_not_compare():
    """Callers fail open."""
    assert ("5", "5", "x", "3") == (
        newest("3", "5"),
        newest("5", "3"),
        newest("3", "x"),
        newest("x", "3"),
    )
