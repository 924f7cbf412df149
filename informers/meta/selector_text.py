"""The written form of selectors: `app in (web, db),!legacy` and `metadata.name=x,status.phase!=y`.

Pure functions from text to terms, as `labels.Parse` and `fields.ParseSelector` read them. A term is
not yet judged: whether its key and values are ones a label may have is for `selectors` to say.

    labels    terms separated by commas; a term is  key  !key  key OPERATOR value  key in (a,b)
              with  = == != > <  as operators;  in  and  notin  are keywords only where an operator
              can stand, so a label may be named so; values may be missing, and are then empty
    fields    terms  path=value  path==value  path!=value  separated by commas; in a value a
              backslash escapes a backslash, a comma and an equals sign
"""

import enum
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from informers.meta.errors import SelectorError


class Operator(enum.StrEnum):
    """How a term compares."""

    IN = "in"
    NOT_IN = "notin"
    EQUALS = "="
    DOUBLE_EQUALS = "=="
    NOT_EQUALS = "!="
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER_THAN = ">"
    LESS_THAN = "<"


class Term(NamedTuple):
    """One requirement as it is written."""

    key: str
    operator: Operator
    values: tuple[str, ...]


_END: Final = ""
_SYMBOLS: Final = frozenset({"(", ")", ",", "!", "=", "==", "!=", ">", "<"})
_SETS: Final = frozenset({Operator.IN, Operator.NOT_IN})
_BINARY: Final = frozenset(Operator) - {Operator.EXISTS, Operator.DOES_NOT_EXIST}
# A zero byte ends Go's lexer where a token would start, and is swallowed behind one.
_TOKEN = re.compile(r"[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^\0=!(),<> \t\r\n]+))\0?")
_FIELD_TERM = re.compile(r"(.*?)(!=|==|=)(.*)", re.DOTALL)
_FIELD_SPLIT = re.compile(r"(?:[^\\,]|\\.|\\\Z)+", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\,=])")
_SPECIAL = re.compile(r"[\\,=]")


def label_terms(text: str) -> Iterator[Term]:
    """The terms of a label selector, in the order they are written."""
    tokens = _Tokens(text)
    while tokens.next != _END:
        yield _label_term(tokens)
        if tokens.next == _END:
            return
        tokens.expect(",")
        if tokens.next in {_END, ","}:
            raise tokens.unexpected("a label behind the comma")


def _label_term(tokens: "_Tokens") -> Term:
    absent = tokens.skip("!")
    key = tokens.word("a label key")
    if absent:
        return Term(key, Operator.DOES_NOT_EXIST, ())
    if tokens.next in {_END, ","}:
        return Term(key, Operator.EXISTS, ())
    if tokens.next not in _BINARY:
        raise tokens.unexpected("an operator: =, ==, !=, in, notin, < or >")
    operator = Operator(tokens.take())
    values = _value_set(tokens) if operator in _SETS else (_value(tokens),)
    return Term(key, operator, values)


def _value_set(tokens: "_Tokens") -> tuple[str, ...]:
    tokens.expect("(")
    values = {_value(tokens, end=")")}
    while tokens.skip(","):
        values.add(_value(tokens, end=")"))
    tokens.expect(")")
    return tuple(sorted(values))


def _value(tokens: "_Tokens", *, end: str = _END) -> str:
    """A word, or nothing where the next value or the end follows."""
    return "" if tokens.next in {",", end} else tokens.word("a value")


class _Tokens:
    """The tokens of a label selector, one of them in view."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.next = _END
        self.take()

    def take(self) -> str:
        """Go on to the next token and return the one passed."""
        taken = self.next
        match = _TOKEN.match(self._text, self._at)
        self.next = _END if match is None else match[1] or match[2]
        self._at = self._at if match is None else match.end()
        return taken

    def skip(self, symbol: str) -> bool:
        """Pass the symbol if it is next."""
        return self.next == symbol and bool(self.take())

    def expect(self, symbol: str) -> None:
        """Pass the symbol, which must be next."""
        if not self.skip(symbol):
            raise self.unexpected(f"{symbol!r}")

    def word(self, what: str) -> str:
        """Pass a key or value; keywords are words here."""
        if self.next == _END or self.next in _SYMBOLS:
            raise self.unexpected(what)
        return self.take()

    def unexpected(self, wanted: str) -> SelectorError:
        """The error that says what stands where something else should."""
        found = repr(self.next) if self.next else "the end"
        return SelectorError(f"label selector {self._text[:80]!r}: found {found}, wanted {wanted}")


def field_terms(text: str) -> list[Term]:
    """The terms of a field selector, sorted as Go sorts them; empty ones are nothing."""
    return [_field_term(text, part) for part in sorted(_FIELD_SPLIT.findall(text))]


def _field_term(text: str, part: str) -> Term:
    match = _FIELD_TERM.fullmatch(part)
    if match is None:
        raise SelectorError(f"field selector {text[:80]!r}: {part!r} is not path=value")
    path, operator, escaped = match.groups()
    value = _ESCAPED.sub("", escaped)
    if _SPECIAL.search(value):
        raise SelectorError(
            f"field selector {text[:80]!r}: write a backslash before each backslash, comma and "
            f"equals sign of the value {escaped!r}"
        )
    kind = Operator.NOT_EQUALS if operator == "!=" else Operator.EQUALS
    return Term(path, kind, (_ESCAPED.sub(r"\1", escaped),))


def escaped_value(value: str) -> str:
    """A field's value with a backslash before each backslash, comma and equals sign."""
    return _SPECIAL.sub(r"\\\g<0>", value)
