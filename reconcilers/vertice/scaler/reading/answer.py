"""What the answer to an instant query says: one number, or in words why it says none.

A failure is never zero, and a number that would be misread is a failure: of several series none is
the one that was meant, NaN compares with nothing, an autoscaler takes what is below zero for
nothing (kedacore/keda#7880), and what no int64 of thousandths holds for less than it is
(kedacore/keda#7441). So is an answer with a warning, since it may lack a part of what it sums up.
Each reason is a sentence for a condition and names the remedy.

Thousandths are rounded as those of a `Quantity` are: a fraction of one counts as one.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import attrs
import msgspec
from msgspec import Raw, Struct

from informers.meta.quantity import Quantity
from reconcilers.vertice.scaler.thousandths import TooMuch, thousandths

T = TypeVar("T")

OK: Final = 200
NOT_FOUND: Final = 404
UNAUTHORIZED: Final = frozenset({401, 403})
_REDIRECTIONS: Final = range(300, 400)
_NAMED: Final = 2
"""Series of an answer with too many."""
_SHORT: Final = 200
"""Characters; what is longer, or HTML, is a page for people."""
_NUMBER: Final = re.compile(r"NaN|[+-]?(?:Inf|(?:[0-9]+\.?|[0-9]*\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Unanswered(Exception):
    """A query has no number for an answer; the message says why, and what to do about it."""


@attrs.frozen
class Reading:
    """A number in thousandths, and when it held, in seconds since 1970 on the server's clock."""

    value: int
    at: float


class Data(Struct, rename="camel"):
    """What was found, to be read as what its type says."""

    result_type: str
    result: Raw


class _Answer(Struct, rename="camel"):
    status: str
    data: Data | None = None
    error_type: str = ""
    error: str = ""
    warnings: list[str] = []


class _Series(Struct):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None


_answer: Final = msgspec.json.Decoder(_Answer)
_vector: Final = msgspec.json.Decoder(list[_Series])
_scalar: Final = msgspec.json.Decoder(tuple[float, str])


def read(status: int, body: bytes) -> Reading:
    """Return the number that an answer over HTTP says.

    Raises:
        Unanswered: If it says none.
    """
    at, text = opened(status, body, _sample)
    return Reading(_thousandths(text), at)


def opened(status: int, body: bytes, read_data: Callable[[Data], T]) -> T:
    """Return what was found, as it is read by who knows what was asked for.

    Raises:
        Unanswered: If nothing was found, or it may not be all.
    """
    if status != OK:
        raise Unanswered(_refusal(status, body))
    try:
        answer = _answer.decode(body)
        if answer.status != "success" or answer.data is None:
            raise Unanswered(f"the query failed{_complaint(answer)}")
        if answer.warnings:
            raise Unanswered(f"the answer may lack something: {answer.warnings[0]}")
        return read_data(answer.data)
    except _UNREADABLE:
        raise Unanswered(
            "the answer is none of Prometheus: spec.prometheus.address may be that of another "
            "program, or lack a path prefix"
        ) from None


def one_of(metrics: Sequence[dict[str, str]]) -> None:
    """Refuse several series, as none of them is the one that was meant.

    Raises:
        Unanswered: If there is more than one.
    """
    if len(metrics) > 1:
        told = " and ".join(_labels(each) for each in metrics[:_NAMED])
        raise Unanswered(
            f"the query finds {len(metrics)} series, such as {told}: wrap it in sum(...)"
        )


def check_age(reading: Reading, *, now: float, most: float) -> None:
    """Refuse an answer that is older than it may be, by our clock.

    One from the future is as good as any: only the clocks differ, and samples were dated by the
    server's.

    Raises:
        Unanswered: If it is too old.
    """
    age = now - reading.at
    if age > most:
        raise Unanswered(
            f"the answer is from {age:.0f} s ago: either something in between keeps answers, or "
            "the clocks of Prometheus and of this program differ"
        )


def _refusal(status: int, body: bytes) -> str:
    told = _told(body)
    if status in UNAUTHORIZED:
        return f"who asks is refused ({status}{told}): set or correct spec.prometheus.auth"
    if status == NOT_FOUND:
        return f"no API is there ({status}{told}): spec.prometheus.address may lack a path prefix"
    if status in _REDIRECTIONS:
        return (
            f"the answer is a redirection ({status}), which is not followed: set "
            "spec.prometheus.address to where it leads"
        )
    return f"the query failed ({status}{told})"


def _told(body: bytes) -> str:
    """Return what is told with a refusal: Prometheus' own words, or a short text."""
    try:
        return _complaint(_answer.decode(body))
    except _UNREADABLE:
        text = body.decode(errors="replace").strip()
        return f": {text}" if 0 < len(text) <= _SHORT and "<" not in text else ""


def _complaint(answer: _Answer) -> str:
    told = (answer.error_type, answer.error)
    return "".join(f": {each}" for each in told if each)


def _sample(data: Data) -> tuple[float, str]:
    match data.result_type:
        case "scalar":
            return _scalar.decode(data.result)
        case "vector":
            return _only(_vector.decode(data.result))
        case "matrix":
            raise Unanswered("the query asks for a range: wrap it, as in sum(rate(...[5m]))")
        case other:
            raise Unanswered(f"the answer is a {other}: ask for a scalar, or for one series")


def _only(found: list[_Series]) -> tuple[float, str]:
    """Return the sample of the one series there is."""
    if not found:
        raise Unanswered(
            "the query finds no series with a sample younger than maxAge: correct it, or where "
            "nothing means zero add `or vector(0)`"
        )
    one_of([each.metric for each in found])
    if found[0].value is None:
        raise Unanswered("the answer is a histogram: ask for its histogram_quantile, or its count")
    return found[0].value


def _labels(metric: dict[str, str]) -> str:
    """Return what names a series, as PromQL writes it."""
    pairs = (f'{key}="{value}"' for key, value in metric.items() if key != "__name__")
    return f"{metric.get('__name__', '')}{{{', '.join(pairs)}}}"


def number_of(text: str) -> float:
    """Read a number as Prometheus writes one; Python would take more for one.

    Raises:
        Unanswered: If it is none.
    """
    if _NUMBER.fullmatch(text) is None:
        raise Unanswered(f"the value {text!r} is no number")
    return float(text)


def _thousandths(text: str) -> int:
    number = number_of(text)
    if math.isnan(number):
        raise Unanswered(
            "the value is NaN, as of 0/0: where that means zero write `(...) >= 0 or vector(0)`"
        )
    if math.isinf(number):
        raise Unanswered(f"the value is {text}: a query that divides has to keep zero out")
    if number < 0:
        raise Unanswered(f"the value is {text}, below zero: wrap the query in clamp_min(..., 0)")
    try:
        return thousandths(Quantity.parse(repr(number)))
    except TooMuch:
        raise Unanswered(
            f"the value {text} is more than Kubernetes counts: ask for less of it"
        ) from None
