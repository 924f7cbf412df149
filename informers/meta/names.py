"""What names, labels and their values may look like.

Each function returns what is wrong with a text, in words for its author; nothing means valid. The
rules are those of apimachinery's validation, so what passes here passes at the API server.
"""

import re
from typing import Final

LABEL_LENGTH: Final = 63
SUBDOMAIN_LENGTH: Final = 253

_DNS1123_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_IS_DNS1123_LABEL = re.compile(_DNS1123_LABEL)
_IS_DNS1123_SUBDOMAIN = re.compile(rf"{_DNS1123_LABEL}(?:\.{_DNS1123_LABEL})*")
_IS_DNS1035_LABEL = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_IS_LABEL_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")

_LOWER_DASH = "only a-z, 0-9 and '-', with a letter or digit at both ends"
_ANY_DASH = "only letters, digits, '-', '_' and '.', with a letter or digit at both ends"


def dns1123_label(text: str) -> tuple[str, ...]:
    """The name of a namespace, container or service: no dots."""
    return _problems(text, _IS_DNS1123_LABEL, LABEL_LENGTH, _LOWER_DASH)


def dns1123_subdomain(text: str) -> tuple[str, ...]:
    """The name of most objects, or an API group: labels with dots in between."""
    rule = f"labels of {_LOWER_DASH}, with a dot between two"
    return _problems(text, _IS_DNS1123_SUBDOMAIN, SUBDOMAIN_LENGTH, rule)


def dns1035_label(text: str) -> tuple[str, ...]:
    """The name of a Service: a DNS-1123 label that starts with a letter."""
    rule = f"{_LOWER_DASH}, and a letter first"
    return _problems(text, _IS_DNS1035_LABEL, LABEL_LENGTH, rule)


def label_key(text: str) -> tuple[str, ...]:
    """A label or annotation key, finalizer or condition type: `name` or `domain/name`."""
    prefix, slash, name = text.rpartition("/")
    problems = _problems(name, _IS_LABEL_NAME, LABEL_LENGTH, _ANY_DASH)
    if slash:
        problems += tuple(f"before the slash: {problem}" for problem in dns1123_subdomain(prefix))
    return problems


def label_value(text: str) -> tuple[str, ...]:
    """A label's value; empty is one."""
    return _problems(text, _IS_LABEL_NAME, LABEL_LENGTH, _ANY_DASH) if text else ()


def _problems(text: str, pattern: re.Pattern[str], longest: int, rule: str) -> tuple[str, ...]:
    if not text:
        return ("must not be empty",)
    problems: tuple[str, ...] = ()
    if len(text) > longest:
        problems += (f"must be at most {longest} characters, not {len(text)}",)
    if not pattern.fullmatch(text):
        problems += (f"must be {rule}",)
    return problems
