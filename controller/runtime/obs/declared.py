"""What a figure is called before anybody reads it: its name, type, help and labels, as data.

A figure is declared once and told by its declaration (`figures`), so what dashboards, rules and
pages say of it is what a scrape says. Declaring loads nothing of prometheus_client: families
declare theirs in modules that the manager imports when it starts.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

import attrs

Type = Literal["counter", "gauge", "histogram"]
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_BUCKET: Final = "le"


def _checked(instance: "Declared", attribute: "attrs.Attribute[str]", value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError(f"{attribute.name} {value!r}: use a-z, 0-9 and single underscores")
    if (instance.type == "counter") != value.endswith("_total"):
        raise ValueError(f"{value!r} is a {instance.type}: counters, and no others, end in _total")


@attrs.frozen
class Declared:
    """One figure, as Prometheus asks for it."""

    type: Type
    name: str = attrs.field(validator=_checked)
    help: str = attrs.field(validator=attrs.validators.min_len(1))
    labels: tuple[str, ...] = ()

    @property
    def series(self) -> dict[str, tuple[str, ...]]:
        """The names that can be asked for, each with its labels."""
        if self.type != "histogram":
            return {self.name: self.labels}
        return {
            f"{self.name}_bucket": (*self.labels, _BUCKET),
            f"{self.name}_sum": self.labels,
            f"{self.name}_count": self.labels,
        }


def counter(name: str, help_: str, *labels: str) -> Declared:
    """Declare a number that only grows; its name ends in `_total`."""
    return Declared("counter", name, help_, labels)


def gauge(name: str, help_: str, *labels: str) -> Declared:
    """Declare a number that goes up and down."""
    return Declared("gauge", name, help_, labels)


def histogram(name: str, help_: str, *labels: str) -> Declared:
    """Declare durations, counted by how long they were."""
    return Declared("histogram", name, help_, labels)


Values = Iterable[tuple[tuple[str, ...], float]]
"""Label values, in the order of the declaration, and a number; for each series."""
Told = Iterable[tuple[Declared, Values]]
"""What somebody has to tell at a scrape."""
