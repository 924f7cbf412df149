"""Selectors: which objects are meant, judged by their labels or fields.

`LabelSelector` and `FieldSelector` are parsed once and asked often. They accept, refuse, match and
print as apimachinery's `labels.Selector` and `fields.Selector` do; their text is canonical (sorted)
and is what goes into a request. Values of labels are checked when a selector is made, so one that
exists is one the API server takes.

`LabelSelectorSpec` is the wire form inside objects (`matchLabels`, `matchExpressions`). A field
that is absent selects nothing and one that is empty everything: `label_selector_of` knows.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import attrs
import msgspec
from msgspec import UNSET, UnsetType

from informers.meta import int64, names
from informers.meta.errors import SelectorError
from informers.meta.selector_text import (
    Operator,
    Term,
    escaped_value,
    field_terms,
    label_terms,
)

_CACHED_TEXTS = 1_024

_SETS = frozenset({Operator.IN, Operator.NOT_IN})
_ONE_OF = frozenset({Operator.IN, Operator.EQUALS, Operator.DOUBLE_EQUALS})
_NONE_OF = frozenset({Operator.NOT_IN, Operator.NOT_EQUALS})
_ORDERED = frozenset({Operator.GREATER_THAN, Operator.LESS_THAN})
_PRESENCE = frozenset({Operator.EXISTS, Operator.DOES_NOT_EXIST})


def _in_order(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values))


@attrs.frozen
class Requirement:
    """One term of a label selector, checked."""

    key: str
    operator: Operator
    values: tuple[str, ...] = attrs.field(default=(), converter=_in_order)

    def __attrs_post_init__(self) -> None:
        for problem in names.label_key(self.key):
            raise SelectorError(f"label key {self.key[:80]!r} {problem}")
        for value in self.values:
            for problem in names.label_value(value):
                raise SelectorError(f"label {self.key} with value {value[:80]!r}: {problem}")
        self._check_count()

    def _check_count(self) -> None:
        given = len(self.values)
        if self.operator in _PRESENCE:
            if given:
                raise SelectorError(f"label {self.key}: leave out the values to ask for presence")
        elif self.operator in _SETS:
            if not given:
                raise SelectorError(f"label {self.key}: give 'in' and 'notin' at least one value")
        elif given != 1:
            raise SelectorError(f"label {self.key}: give {self.operator} one value, not {given}")
        elif self.operator in _ORDERED and int64.parse(self.values[0]) is None:
            raise SelectorError(f"label {self.key}: compare with a number, not {self.values[0]!r}")

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is meant."""
        value = labels.get(self.key)
        if self.operator in _ONE_OF:
            return value in self.values
        if self.operator in _NONE_OF:
            return value not in self.values
        if self.operator in _PRESENCE:
            return (value is not None) is (self.operator is Operator.EXISTS)
        number, limit = int64.parse(value or ""), int64.parse(self.values[0])
        if number is None or limit is None:
            return False
        return number > limit if self.operator is Operator.GREATER_THAN else number < limit

    def __str__(self) -> str:
        if self.operator is Operator.EXISTS:
            return self.key
        if self.operator is Operator.DOES_NOT_EXIST:
            return f"!{self.key}"
        values = ",".join(self.values)
        if self.operator in _SETS:
            return f"{self.key} {self.operator} ({values})"
        return f"{self.key}{self.operator}{values}"


def _by_key(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    return tuple(sorted(requirements, key=lambda requirement: requirement.key))


@attrs.frozen
class LabelSelector:
    """All requirements must hold; none select everything."""

    requirements: tuple[Requirement, ...] = attrs.field(default=(), converter=_by_key)
    selects_nothing: bool = attrs.field(default=False, kw_only=True)

    @staticmethod
    def parse(text: str) -> "LabelSelector":
        """Read the form of a request or a command line; equal texts may give the same object."""
        return _parsed_labels(text)

    @staticmethod
    def of(labels: Mapping[str, str]) -> "LabelSelector":
        """Select the objects that have all these labels."""
        return LabelSelector(
            Requirement(key, Operator.EQUALS, (value,)) for key, value in labels.items()
        )

    @property
    def selects_everything(self) -> bool:
        """Whether it restricts nothing."""
        return not self.requirements and not self.selects_nothing

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        if self.selects_nothing:
            return False
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


EVERYTHING: Final = LabelSelector()
NOTHING: Final = LabelSelector(selects_nothing=True)


@functools.lru_cache(maxsize=_CACHED_TEXTS)
def _parsed_labels(text: str) -> LabelSelector:
    return LabelSelector(Requirement(*term) for term in label_terms(text))


class LabelSelectorRequirement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of `matchExpressions`."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] | UnsetType = UNSET


_WIRE_OPERATORS: Final = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
}


class LabelSelectorSpec(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The label selector inside an object, metav1.LabelSelector."""

    match_labels: dict[str, str] | UnsetType = UNSET
    match_expressions: tuple[LabelSelectorRequirement, ...] | UnsetType = UNSET

    def selector(self) -> LabelSelector:
        """The selector it describes; SelectorError if it describes none."""
        requirements = LabelSelector.of(self.match_labels or {}).requirements
        expressions = tuple(
            Requirement(item.key, _WIRE_OPERATORS[item.operator], item.values or ())
            for item in self.match_expressions or ()
        )
        return LabelSelector(requirements + expressions)


def label_selector_of(spec: LabelSelectorSpec | UnsetType) -> LabelSelector:
    """The selector of an optional field: absent selects nothing, empty everything."""
    return NOTHING if spec is UNSET else spec.selector()


@attrs.frozen
class FieldSelector:
    """All terms must hold; a field that an object does not have is empty."""

    terms: tuple[Term, ...] = ()

    @staticmethod
    def parse(text: str) -> "FieldSelector":
        """Read the form of a request; a term without path and value restricts nothing."""
        return FieldSelector(
            tuple(term for term in field_terms(text) if term.key or any(term.values))
        )

    @staticmethod
    def of(fields: Mapping[str, str]) -> "FieldSelector":
        """Select the objects whose fields have all these values."""
        return FieldSelector(
            tuple(Term(path, Operator.EQUALS, (value,)) for path, value in sorted(fields.items()))
        )

    @property
    def selects_everything(self) -> bool:
        """Whether it restricts nothing."""
        return not self.terms

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields to know before asking whether it matches."""
        return tuple(dict.fromkeys(term.key for term in self.terms))

    def exact(self, path: str) -> str | None:
        """The value it demands of a field, if it demands one."""
        demanded = (
            term.values[0] for term in self.terms if (term.key, term.operator) == (path, "=")
        )
        return next(demanded, None)

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether an object with these fields is selected."""
        return all(
            (fields.get(term.key, "") in term.values) is (term.operator is Operator.EQUALS)
            for term in self.terms
        )

    def __str__(self) -> str:
        return ",".join(
            f"{term.key}{term.operator}{escaped_value(term.values[0])}" for term in self.terms
        )
