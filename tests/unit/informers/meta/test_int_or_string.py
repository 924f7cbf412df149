"""IntOrString against apimachinery's recorded answers."""

import msgspec
import pytest

from informers.meta import int_or_string
from informers.meta.codec import decode
from informers.meta.errors import DecodeError, IntOrStringError
from informers.meta.int_or_string import IntOrString
from tests.unit.informers.meta.recorded import differences


class Port(msgspec.Struct):
    """A field as CRDs have it."""

    port: IntOrString


def test_every_recorded_text_is_parsed_as_go_does():
    """Number or text, how it is shown, and the number a text counts as."""

    def answer(text):
        value = int_or_string.parse(text)
        return [value, str(value), int_or_string.int_value(text)]

    assert [] == list(differences("int_or_string", "parse", answer))


def test_every_recorded_share_of_a_total_is_gos():
    """Rounded up and down, negative totals and percentages beyond 100 included."""

    def answer(value, total):
        return [
            int_or_string.scaled_value(value, total=total, round_up=round_up)
            for round_up in (True, False)
        ]

    assert [] == list(differences("int_or_string", "scale", answer, inputs=2))


@pytest.mark.parametrize(("raw", "value"), [("80", 80), ('"http"', "http"), ('"80"', "80")])
def test_a_field_holds_either(raw, value):
    """JSON's type is kept, as the API server keeps it."""
    assert Port(value) == decode(f'{{"port":{raw}}}', Port)
    assert value == int_or_string.int_value(value) or isinstance(value, str)


@pytest.mark.parametrize("raw", ["2147483648", "1.5", "null", "true"])
def test_other_json_is_refused(raw):
    """Numbers are 32 bits wide."""
    with pytest.raises(DecodeError, match="port"):
        decode(f'{{"port":{raw}}}', Port)


def test_a_text_that_is_no_percentage_is_refused_with_an_example():
    """The message says what would be right."""
    with pytest.raises(IntOrStringError, match="'half' is neither a number nor a percentage"):
        int_or_string.scaled_value("half", total=10, round_up=True)
