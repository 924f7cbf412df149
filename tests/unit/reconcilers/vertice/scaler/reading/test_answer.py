"""What answers say: bytes in, a number or a reason out."""

import json

import pytest

from reconcilers.vertice.scaler.reading.answer import Reading, Unanswered, check_age, read

AT = 1_700_000_000.5
TIGHT = 9_223_372_036_854_000
"""The most whole units a float tells whose thousandths an int64 holds, but for the last three."""


def answer(result, kind="vector", **more):
    """Return an answer as Prometheus writes it."""
    data = {"resultType": kind, "result": result}
    return json.dumps({"status": "success", "data": data, **more}).encode()


def vector(*values, **more):
    """Return an answer of as many series as values."""
    found = [
        {"metric": {"__name__": "jobs", "queue": f"q{number}", "zone": "a"}, "value": [AT, value]}
        for number, value in enumerate(values)
    ]
    return answer(found, **more)


def failure(kind, text):
    """Return a failure as Prometheus writes it."""
    return json.dumps({"status": "error", "errorType": kind, "error": text}).encode()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(vector("12"), 12_000, id="one series"),
        pytest.param(answer([AT, "12"], "scalar"), 12_000, id="scalar"),
        pytest.param(answer([{"metric": {}, "value": [AT, "1"]}]), 1_000, id="no labels"),
        pytest.param(vector("0"), 0, id="zero"),
        pytest.param(vector("-0"), 0, id="minus zero"),
        pytest.param(vector("0.0011"), 2, id="a fraction counts as one"),
        pytest.param(vector("0.30000000000000004"), 301, id="so does what floats leave"),
        pytest.param(vector("1e-300"), 1, id="and the least there is"),
        pytest.param(vector("5e-324"), 1, id="or even less"),
        pytest.param(vector("1.5e+3"), 1_500_000, id="exponent"),
        pytest.param(vector(str(TIGHT)), TIGHT * 1_000, id="large"),
        pytest.param(vector("1", infos=["not a counter?"]), 1_000, id="an info is no warning"),
        pytest.param(vector("1", stats={"more": []}), 1_000, id="fields of later versions"),
    ],
)
def test_one_number_is_told(body, value):
    """In thousandths, rounded up, with the time at which it held."""
    assert Reading(value, AT) == read(200, body)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param(vector(), r"no series.*younger than maxAge.*or vector\(0\)", id="empty"),
        pytest.param(
            vector("1", "2", "3"),
            r'finds 3 series, such as jobs\{queue="q0", zone="a"\} and '
            r'jobs\{queue="q1", zone="a"\}: wrap it in sum\(\.\.\.\)',
            id="several",
        ),
        pytest.param(vector("NaN"), "is NaN.*>= 0 or vector", id="NaN"),
        pytest.param(vector("+Inf"), r"is \+Inf.*divides", id="infinity"),
        pytest.param(vector("-Inf"), "is -Inf.*divides", id="minus infinity"),
        pytest.param(vector("-0.001"), r"is -0.001, below zero.*clamp_min", id="negative"),
        pytest.param(vector("9223372036854776"), "more than Kubernetes counts", id="too large"),
        pytest.param(vector("1e+300"), "more than Kubernetes counts", id="far too large"),
        pytest.param(vector("many"), "'many' is no number", id="no number"),
        pytest.param(answer([AT, "12"], "string"), "answer is a string", id="string"),
        pytest.param(answer([], "matrix"), "asks for a range: wrap it", id="matrix"),
        pytest.param(
            answer([{"metric": {}, "histogram": [AT, {"count": "1"}]}]),
            "is a histogram.*histogram_quantile",
            id="histogram",
        ),
        pytest.param(
            vector("5", warnings=["no store of zone b", "more"]),
            "may lack something: no store of zone b",
            id="warning",
        ),
        pytest.param(
            failure("execution", "many-to-many"), "failed: execution: many-to-many", id="error"
        ),
        pytest.param(b'{"status": "success"}', "the query failed", id="no data"),
        pytest.param(b"<html>Sign in</html>", "none of Prometheus", id="no JSON"),
        pytest.param(b"", "none of Prometheus", id="nothing"),
        pytest.param(b'{"status": "succ', "none of Prometheus", id="half"),
        pytest.param(b"[1, 2]", "none of Prometheus", id="other JSON"),
        pytest.param(b'{"status": "\xff"}', "none of Prometheus", id="no text"),
        pytest.param(b"[" * 500_000, "none of Prometheus", id="deep"),
        pytest.param(answer({}), "none of Prometheus", id="a vector that is none"),
        pytest.param(answer([AT], "scalar"), "none of Prometheus", id="a scalar without a value"),
    ],
)
def test_what_tells_no_number_tells_why(body, why):
    """And what to do about it; nothing is taken for zero."""
    with pytest.raises(Unanswered, match=why):
        read(200, body)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        pytest.param(
            400,
            failure("bad_data", "1:4: parse error"),
            r"^the query failed \(400: bad_data: 1:4: parse error\)$",
            id="a query that does not parse",
        ),
        pytest.param(503, failure("timeout", "timed out"), "503: timeout: timed out", id="timeout"),
        pytest.param(503, b"<html>" * 9, r"failed \(503\)$", id="a page for people"),
        pytest.param(
            400, b"Client sent an HTTP request to an HTTPS server.\n", "to an HTTPS", id="short"
        ),
        pytest.param(502, b"x" * 201, r"failed \(502\)$", id="long"),
        pytest.param(401, b"", r"\(401\): set or correct spec.prometheus.auth", id="401"),
        pytest.param(403, b"no org id", r"\(403: no org id\): set or correct", id="403"),
        pytest.param(404, b"404 page not found\n", "may lack a path prefix", id="404"),
        pytest.param(302, b"<a href='/login'>", r"redirection \(302\), which is not", id="302"),
        pytest.param(204, b"", r"failed \(204\)$", id="204"),
        pytest.param(500, vector("1"), r"failed \(500\)$", id="success that is none"),
    ],
)
def test_what_is_refused_tells_why(status, body, why):
    """By Prometheus' own words where there are any."""
    with pytest.raises(Unanswered, match=why):
        read(status, body)


@pytest.mark.parametrize("now", [AT - 3600, AT, AT + 60])
def test_an_answer_is_as_old_as_it_may_be(now):
    """One from the future is fresh by the clock that counts."""
    check_age(Reading(1, AT), now=now, most=60)


def test_an_answer_that_was_kept_is_refused():
    """As something in between may do; it is said that it can be the clocks, too."""
    with pytest.raises(Unanswered, match=r"from 61 s ago: .*keeps answers, or the clocks"):
        check_age(Reading(1, AT), now=AT + 61, most=60)
