"""As much of PromQL as tells which series and labels an expression names.

A dashboard with a metric that nobody tells is an empty panel, and an alert with one never fires.
So every name is looked up: series among those that are declared, labels of matchers, of `by` and of
`on` among the labels of the series they are about, functions among those that are used here.
`without` and `ignoring` are refused, since they depend on what the scrape adds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from hack.gen.errors import GenerationError

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"[^"]*")|(?P<range>\[[^\]]*\])|(?P<number>\d[\w.]*)"""
    r"""|(?P<name>[a-zA-Z_:][\w:]*)|(?P<other>=~|!~|!=|==|>=|<=|\S))"""
)
_LISTS: Final = frozenset({"by", "on", "group_left", "group_right"})
_REFUSED: Final = frozenset({"without", "ignoring"})
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset"})
_FUNCTIONS: Final = frozenset(
    {
        *("sum", "max", "min", "avg", "count", "topk"),
        *("rate", "increase", "deriv", "changes", "resets", "time", "absent", "clamp_min"),
        *("histogram_quantile", "avg_over_time", "max_over_time", "min_over_time"),
    }
)
_OPEN: Final = "("
_CLOSE: Final = ")"

Series = Mapping[str, Sequence[str]]
"""Names that can be asked for, each with its labels."""
_Token = tuple[str, str]


def series(expression: str, known: Series) -> set[str]:
    """Return the series an expression names.

    Raises:
        GenerationError: If it names one that is not known, or a label that a series does not have.
    """
    return _Reading(expression, known).series()


def output_labels(expression: str, known: Series) -> set[str]:
    """Return the labels that a result may carry: those it is summed up by, or all there are."""
    found = _Reading(expression, known)
    grouped = {label for _, labels, _ in found.lists() for label in labels}
    return grouped or {label for name in found.series() for label in known[name]}


def select(expression: str, matchers: Mapping[str, str]) -> str:
    """Return the expression with a matcher added to each series that has one to be added."""
    parts: list[str] = []
    end = 0
    found = list(_TOKEN.finditer(expression))
    for number, match in enumerate(found):
        matcher = matchers.get(match["name"] or "")
        if not matcher:
            continue
        has_own = number + 1 < len(found) and found[number + 1]["other"] == "{"
        place = found[number + 1].end() if has_own else match.end()
        parts.append(expression[end:place])
        parts.append(f"{matcher}," if has_own else f"{{{matcher}}}")
        end = place
    return "".join([*parts, expression[end:]])


def _tokens(expression: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(expression):
        kind = match.lastgroup
        if kind is not None:
            yield kind, match[kind]


class _Reading:
    """One expression, token by token."""

    def __init__(self, expression: str, known: Series) -> None:
        self._expression = expression
        self._tokens = list(_tokens(expression))
        self._known = known

    def series(self) -> set[str]:
        """Check every name; return those of series."""
        named = self._named(0, len(self._tokens))
        for word, labels, end in self.lists():
            concerned = self._named(end, self._closing(end)) if word == "by" else named
            self._check(labels, concerned, some=word != "by")
        return named

    def lists(self) -> Iterator[tuple[str, list[str], int]]:
        """Yield the lists of labels: the word, the names, and where what follows begins."""
        for at, (kind, text) in enumerate(self._tokens):
            if kind == "name" and text in _LISTS:
                end = self._closing(at + 1)
                inside = self._tokens[at + 1 : end]
                yield text, [name for kind, name in inside if kind == "name"], end + 1

    def _closing(self, start: int) -> int:
        """Return where the parenthesis that opens at `start` is closed."""
        depth = 0
        for at in range(start, len(self._tokens)):
            depth += {_OPEN: 1, _CLOSE: -1}.get(self._tokens[at][1], 0)
            if depth == 0:
                return at
        raise self._wrong("a parenthesis is missing", "write `by (labels) (what)`")

    def _wrong(self, problem: str, remedy: str) -> GenerationError:
        return GenerationError(self._expression, problem, remedy=remedy)

    def _named(self, start: int, end: int) -> set[str]:
        """Return the series between two places, having checked the labels of their matchers."""
        found: set[str] = set()
        skip_to = start
        for at in range(start, end):
            kind, text = self._tokens[at]
            if at < skip_to or kind != "name" or text in _WORDS:
                continue
            if text in _REFUSED:
                raise self._wrong(f"{text!r} keeps labels that nobody declared", "say by or on")
            if text in _LISTS:
                skip_to = self._closing(at + 1)
            elif self._is_function(at):
                if text not in _FUNCTIONS:
                    raise self._wrong(f"{text!r} is not known", "add it to the functions")
            else:
                found.add(text)
                skip_to = self._matchers(at)
        return found

    def _is_function(self, at: int) -> bool:
        following = self._tokens[at + 1][1] if at + 1 < len(self._tokens) else ""
        return following in {_OPEN, "by", *_REFUSED}

    def _matchers(self, at: int) -> int:
        """Check a series and its matchers; return where reading goes on."""
        name = self._tokens[at][1]
        if name not in self._known:
            raise self._wrong(f"nobody tells {name!r}", "name a figure that is declared")
        end = at + 1
        if end < len(self._tokens) and self._tokens[end][1] == "{":
            while self._tokens[end][1] != "}":
                end += 1
            labels = [text for kind, text in self._tokens[at + 1 : end] if kind == "name"]
            self._check(labels, {name})
        return end

    def _check(self, labels: Sequence[str], names: set[str], *, some: bool = False) -> None:
        """Refuse labels that the series do not have; with `some`, that none of them has."""
        for label in labels:
            without = [name for name in names if label not in self._known[name]]
            if without and not (some and len(without) < len(names)):
                name = min(without)
                labels_ = ", ".join(self._known[name]) or "none"
                raise self._wrong(f"{name!r} has no label {label!r}", f"it has {labels_}")
