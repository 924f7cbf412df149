"""A page of metrics in Prometheus' text format, as numbers that can be asked for.

Whoever serves it is not ours, so nothing is believed: a page that cannot be read is an error with
its reason, and figures that are no numbers do not count.
"""

import math
from collections.abc import Mapping
from typing import Final

import attrs

_MOST: Final = 1e60
"""More than anything is; products of four such numbers still are numbers."""


class UnreadablePageError(ValueError):
    """The text is not in Prometheus' format; the message says where it stops being so."""


@attrs.frozen
class Sample:
    """One figure with its labels."""

    name: str
    labels: Mapping[str, str]
    value: float


@attrs.frozen
class Page:
    """What one pod told at one time."""

    samples: Mapping[str, tuple[Sample, ...]]

    def values(self, name: str, **labels: str) -> list[float]:
        """Return the numbers of this name whose labels are these, among others."""
        return [
            each.value
            for each in self.samples.get(name, ())
            if is_figure(each.value) and labels.items() <= each.labels.items()
        ]

    def total(self, name: str, **labels: str) -> float | None:
        """Return the sum of those numbers, None if there are none."""
        found = self.values(name, **labels)
        return math.fsum(found) if found else None


def is_figure(value: float) -> bool:
    """Whether a number can be that of anything: it can be added up, multiplied and divided by."""
    return value == 0 or 1 / _MOST <= abs(value) <= _MOST


def parse(text: str) -> Page:
    """Read a page.

    Raises:
        UnreadablePageError: If it is not in Prometheus' text format.
    """
    from prometheus_client.parser import (  # noqa: PLC0415 - nobody needs it before the first page
        text_string_to_metric_families,
    )

    found: dict[str, list[Sample]] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                one = Sample(sample.name, dict(sample.labels), float(sample.value))
                found.setdefault(sample.name, []).append(one)
    except (ValueError, KeyError, IndexError) as error:
        raise UnreadablePageError(f"not in Prometheus' text format: {error}") from error
    return Page({name: tuple(samples) for name, samples in found.items()})
