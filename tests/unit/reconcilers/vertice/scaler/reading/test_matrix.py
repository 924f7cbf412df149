"""What answers to range queries say: bytes in, a number or a gap for each point out."""

import json
import math

import pytest

from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.matrix import Span, read_series

FIRST = 1_700_000_100
SPAN = Span(first=FIRST, last=FIRST + 1200, step=300)


def matrix(*series, **more):
    """Return an answer as Prometheus writes it."""
    data = {"resultType": "matrix", "result": list(series)}
    return json.dumps({"status": "success", "data": data, **more}).encode()


def series(*samples, **labels):
    """Return a series with a sample at so many steps from the first point."""
    return {"metric": labels, "values": [[FIRST + 300 * at, value] for at, value in samples]}


def numbers(*bodies):
    """Return what is read, None for gaps."""
    found = read_series(200, matrix(*bodies), SPAN).values
    return [None if math.isnan(each) else each for each in found]


def test_a_point_without_a_sample_is_a_gap():
    """And not zero, which is a number."""
    assert [0, None, 2.5, None, 1e6] == numbers(series((0, "0"), (2, "2.5"), (4, "1e+06")))


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-0.5", "9.3e+15", "1e+300"])
def test_what_a_look_would_refuse_is_a_gap(value):
    """As there was no number then either."""
    assert [1, None, 3, None, None] == numbers(series((0, "1"), (1, value), (2, "3")))


def test_what_was_not_asked_for_is_left_out():
    """A server that answers for other times says nothing of these."""
    assert [None, 1, None, None, None] == numbers(series((-1, "9"), (1, "1"), (5, "9")))


def test_nothing_found_is_a_gap_as_a_whole():
    """How much of a history there has to be is not for the reader to say."""
    assert [None] * 5 == numbers()


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        pytest.param(
            200,
            matrix(series((0, "1"), a="b"), series((0, "1"), a="c")),
            r'finds 2 series, such as \{a="b"\} and \{a="c"\}: wrap it in sum',
            id="several",
        ),
        pytest.param(
            200, matrix({"metric": {}, "histograms": []}), "is a histogram", id="histogram"
        ),
        pytest.param(200, matrix(series((0, "x"))), "'x' is no number", id="no number"),
        pytest.param(200, matrix(series(), warnings=["half"]), "lack something: half", id="warned"),
        pytest.param(200, b"<html>", "none of Prometheus", id="page"),
        pytest.param(200, matrix(7), "none of Prometheus", id="no series"),
        pytest.param(
            200,
            b'{"status": "success", "data": {"resultType": "vector", "result": []}}',
            "is a vector, where a range",
            id="vector",
        ),
        pytest.param(
            422,
            b'{"status": "error", "errorType": "execution", "error": "too many samples"}',
            r"failed \(422: execution: too many samples\)",
            id="too much",
        ),
        pytest.param(403, b"", "who asks is refused", id="refused"),
    ],
)
def test_what_is_no_history_is_told(status, body, why):
    """In the words that a look has for it."""
    with pytest.raises(Unanswered, match=why):
        read_series(status, body, SPAN)
