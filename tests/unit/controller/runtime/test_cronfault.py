"""What is said of fields that are refused: each fault by its field, with what to write instead."""

import random

import pytest
from cronsim.cronsim import CronSimError, Field

from controller.runtime.cronfault import fault


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("61 * * * *", "minute 61 is not 0-59"),
        ("0 25 * * *", "hour 25 is not 0-23"),
        ("0 20-8 * * *", "hour 20-8 runs backwards: write 20-23,0-8"),
        ("0 20-0 * * *", "hour 20-0 runs backwards: write 20-23,0"),
        ("0 20-8/3 * * *", "hour 20-8 runs backwards: write 20,23,2,5,8"),
        ("0 0 25-5 * *", "day of the month 25-5 runs backwards: write 25-31,1-5"),
        ("0 0 * 11-2 *", "month 11-2 runs backwards: write 11-12,1-2"),
        ("0 0 * * FRI-MON", "day of the week FRI-MON runs backwards: write 5-6,0-1"),
        ("0 0 * * 7-2", "day of the week 7-2 runs backwards: write 0-2"),
        ("0 0 1 13 *", "month 13 is not 1-12 or JAN-DEC"),
        ("0 0 * * 8", "day of the week 8 is not 0-7 or SUN-SAT"),
        ("0 0 * * Monday", "day of the week MONDAY is too long: write MON"),
        ("0 0 * march *", "month MARCH is too long: write MAR"),
        (
            "0 0 * * Monday-Friday",
            (
                "day of the week MONDAY is too long: write MON; "
                "day of the week FRIDAY is too long: write FRI"
            ),
        ),
        (
            "0 0 * * MONDAY#1",
            "day of the week MONDAY#1 is no day: write one such as MON#2, 1-5 behind the #",
        ),
        (
            "0 0 * * MON#6",
            "day of the week MON#6 is no day: write one such as MON#2, 1-5 behind the #",
        ),
        ("H 8 * * *", "minute H is known to Jenkins alone: write a number of 0-59"),
        ("0 8,,9 * * *", "hour lacks a number of 0-23"),
        ("0 8- * * *", "hour lacks a number of 0-23"),
        (
            "*/0 * * * *",
            "minute */0 has no step: write a number from 1 behind the /, as in */2",
        ),
        (
            "x 25 * * *",
            "minute X is not 0-59; hour 25 is not 0-23",
        ),
        ("0 8 31 2 *", "31 February never comes: that month is shorter"),
        ("0 8 31 feb *", "31 February never comes: that month is shorter"),
        ("0 8 31 2,4 *", "day 31 never comes in months 2,4: those are shorter"),
    ],
)
def test_each_fault_is_told_with_the_remedy(expression, said):
    """All of them, as whoever mends one wants to mend them at once."""
    assert said == fault(expression.split())


def test_what_is_well_is_told_to_be_wrong_by_nobody():
    """A field has a fault where it is refused, and nowhere else."""
    chance = random.Random(7)
    letters = ["0", "1", "5", "7", "12", "23", "31", "60", "*", "-", "/", ",", "L", "#", "H", "MON"]
    places = dict(enumerate([Field.MINUTE, Field.HOUR, Field.DAY, Field.MONTH, Field.DOW]))
    faults = 0
    for _ in range(20_000):
        text = "".join(chance.choices(letters, k=chance.randrange(1, 5)))
        place = chance.randrange(5)
        fields = ["*"] * 5
        fields[place] = text
        said = "never comes" not in fault(fields)
        assert said == is_refused(places[place], text), (text, place)
        faults += said
    assert 5_000 < faults < 19_500


def is_refused(field, text):
    """Whether one field is refused by what reads it."""
    try:
        field.parse(text)
    except (CronSimError, AssertionError):
        return True
    return False
