"""Quantity against apimachinery's recorded answers, and the laws no recording can show."""

import copy
import math
import pickle
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from informers.meta import int64
from informers.meta.errors import QuantityError
from informers.meta.quantity import MILLI, ZERO, Quantity
from tests.unit.informers.meta.recorded import differences, recorded

STYLES = ["DecimalSI", "BinarySI", "DecimalExponent"]

quantities = st.builds(
    Quantity,
    st.integers(int64.MIN, int64.MAX),
    st.integers(-9, 0),
    style=st.sampled_from(STYLES),
)
texts = st.from_regex(
    r"[+-]?[0-9]{1,21}(\.[0-9]{0,12})?([numkMGTPE]|[KMGTPE]i|e[+-]?[0-9]{1,2})?", fullmatch=True
)


def exact(quantity):
    """The rational number a quantity is."""
    return quantity.amount * Fraction(10) ** quantity.exponent


def test_every_recorded_text_is_read_as_go_reads_it():
    """Text, style, int64 values, float and sign are Go's, and what Go refuses is refused."""
    for text, *expected in recorded("quantity", "parse"):
        if not expected:
            with pytest.raises(QuantityError):
                Quantity.parse(text)
            continue
        q = Quantity.parse(text)
        number = expected.pop(5)
        assert repr(float(number)) == repr(q.as_float()), text
        answer = [str(q), q.style, q.value(), q.milli_value(), q.as_int64(), q.sign]
        assert expected == answer, text


@pytest.mark.parametrize(
    ("section", "inputs", "answer"),
    [
        pytest.param(
            "scaled",
            2,
            lambda text, scale: [
                Quantity.parse(text).scaled_value(scale),
                str(Quantity.parse(text).rounded_up(scale)),
                Quantity.parse(text).rounded_up(scale) == Quantity.parse(text),
            ],
            id="scaled",
        ),
        pytest.param(
            "negated",
            1,
            lambda text: [
                str(-Quantity.parse(text)),
                (-Quantity.parse(text)).value(),
                (-Quantity.parse(text)).milli_value(),
            ],
            id="negated",
        ),
        pytest.param(
            "pairs",
            2,
            lambda a, b: [
                Quantity.parse(a).compare(Quantity.parse(b)),
                str(Quantity.parse(a) + Quantity.parse(b)),
                (Quantity.parse(a) + Quantity.parse(b)).value(),
                str(Quantity.parse(a) - Quantity.parse(b)),
                (Quantity.parse(a) - Quantity.parse(b)).milli_value(),
            ],
            id="compared, added, subtracted",
        ),
        pytest.param(
            "products",
            2,
            lambda text, factor: [
                str(Quantity.parse(text) * factor),
                (Quantity.parse(text) * factor).value(),
            ],
            id="multiplied",
        ),
        pytest.param(
            "chains",
            1,
            lambda terms: [
                str(sum(map(Quantity.parse, terms), start=ZERO)),
                sum(map(Quantity.parse, terms), start=ZERO).milli_value(),
            ],
            id="summed up",
        ),
        pytest.param(
            "made",
            3,
            lambda amount, exponent, style: [
                str(Quantity(amount, exponent, style=style)),
                Quantity(amount, exponent, style=style).value(),
            ],
            id="made of numbers",
        ),
    ],
)
def test_every_recorded_calculation_has_gos_result(section, inputs, answer):
    """Rounding, overflow and the style of results are Go's."""
    assert [] == list(differences("quantity_arithmetic", section, answer, inputs=inputs))


def test_equal_quantities_of_recorded_pairs_have_equal_hashes():
    """Equality is Go's Cmp and the hash agrees with it."""
    for a, b, order, *_ in recorded("quantity_arithmetic", "pairs"):
        left, right = Quantity.parse(a), Quantity.parse(b)
        assert (order == 0) == (left == right), (a, b)
        assert order != 0 or hash(left) == hash(right), (a, b)


@settings(deadline=None)
@given(texts)
def test_text_is_canonical_after_one_round(text):
    """The text of a quantity reads back as the same amount and is then left alone."""
    once = Quantity.parse(text)
    assume(-Quantity(1, 21) < once < Quantity(1, 21))  # beyond, units are lost, in Go too
    twice = Quantity.parse(str(once))
    assert once == twice
    assert str(once) == str(twice)


@settings(deadline=None)
@given(quantities, quantities)
def test_arithmetic_and_order_are_those_of_rational_numbers(a, b):
    """Nothing is lost in sums, differences and comparisons."""
    assert exact(a + b) == exact(a) + exact(b)
    assert (a < b, a <= b, a > b, a >= b, a == b) == (
        exact(a) < exact(b),
        exact(a) <= exact(b),
        exact(a) > exact(b),
        exact(a) >= exact(b),
        exact(a) == exact(b),
    )


@settings(deadline=None)
@given(quantities)
def test_whole_values_are_rounded_away_from_zero(quantity):
    """value() is the next integer away from zero wherever it fits."""
    number = exact(quantity)
    expected = math.ceil(number) if number > 0 else math.floor(number)
    assert expected == quantity.value()


def test_huge_exponents_are_compared_at_once():
    """A text of a few bytes cannot occupy the process."""
    large, larger = Quantity.parse("1e2000000000"), Quantity.parse("2e2000000000")
    assert larger > large > Quantity.parse("9Ei")
    assert -larger < -large < ZERO
    assert large != larger
    assert len({large, larger, Quantity.parse("10e1999999999")}) == 2


@pytest.mark.parametrize(
    "calculation",
    [
        pytest.param(lambda: Quantity.parse("1e2000000000") + Quantity.parse("1"), id="a sum"),
        pytest.param(lambda: Quantity.parse("9" * 19 + "e2000000000"), id="a rounding"),
        pytest.param(lambda: Quantity.parse("9" * 5_000), id="a text"),
        pytest.param(lambda: Quantity(1) * 2**63, id="a factor"),
    ],
)
def test_numbers_nobody_can_hold_are_refused(calculation):
    """Where Go would compute until memory ends there is an error."""
    with pytest.raises(QuantityError):
        calculation()


def test_an_error_says_how_to_write_it():
    """The message quotes the text and shows right ones."""
    with pytest.raises(QuantityError, match="'64MB' is not a quantity; write a number and a unit"):
        Quantity.parse("64MB")


def test_quantities_cannot_be_changed_but_copied():
    """They are shared by all who parsed the same text."""
    quantity = Quantity.parse("1.500")
    with pytest.raises(AttributeError, match="immutable"):
        quantity.amount = 2
    with pytest.raises(AttributeError, match="immutable"):
        del quantity.amount
    for twin in (copy.deepcopy(quantity), pickle.loads(pickle.dumps(quantity))):
        assert (quantity, "1.500") == (twin, str(twin))
    assert quantity is Quantity.parse("1.500")
    assert "Quantity('1.500')" == repr(quantity)


def test_units_of_memory_and_cpu_add_up():
    """What schedulers do with requests."""
    requests = ["64Mi", "1Gi", "512Mi"]
    assert "1600Mi" == str(sum(map(Quantity.parse, requests), start=ZERO))
    assert 1_250 == (Quantity.parse("1") + Quantity.parse("250m")).milli_value()
    assert "250m" == str(Quantity(250, MILLI))
    assert ZERO.is_zero
    assert not Quantity(1).is_zero
    assert Quantity(1) != 1
