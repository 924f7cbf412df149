"""Which kind and which object a user means, in the forms that kubectl takes.

`penin/a`, `penin a`, `deploy.apps/x`, `deployments.v1.apps x`: short name, singular, plural or
kind, in any case, with a group and a version behind it where one word is not enough.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from controller.cli.discovery import Resource
from controller.cli.errors import WrongUse

_CLOSE: Final = 3


@attrs.frozen
class Named:
    """A word for a kind, and the name of an object; empty if none was given."""

    word: str
    name: str


def split(what: Sequence[str]) -> Named | None:
    """Read `KIND`, `KIND/NAME` or `KIND NAME`; None if nothing was said."""
    if not what:
        return None
    word, slash, name = what[0].partition("/")
    rest = what[1:]
    if slash and rest:
        raise WrongUse(f"{what[0]} names one object, so {rest[0]!r} is too much: one at a time")
    if len(rest) > 1:
        raise WrongUse(f"{rest[1]!r} is too much: say KIND/NAME of one object")
    name = rest[0] if rest else name
    if not word or (slash and not name) or "/" in name:
        raise WrongUse(f"{' '.join(what)!r} is not KIND/NAME, such as deploy/web")
    return Named(word, name)


def kind_for(word: str, resources: Iterable[Resource]) -> Resource:
    """Return the kind that is meant.

    Several may answer to a word. As in kubectl a plural counts more than a short name, and
    Kubernetes' own groups more than others'; two of others' cannot be told apart.
    """
    resources = [each for each in resources if "get" in each.verbs or "list" in each.verbs]
    word = word.lower()
    found = _matching(word, resources)
    if not found:
        raise WrongUse(_unknown(word, resources))
    exact = [each for each in found if each.kind.plural == word.partition(".")[0]]
    best = exact or found
    own = [each for each in best if _is_own(each)]
    best = own or best
    if len(own) > 1:
        best = [min(own, key=lambda each: (each.kind.group.count("."), each.kind.group))]
    if len(best) > 1:
        ways = " or ".join(sorted(each.kind.resource for each in best))
        raise WrongUse(f"{word!r} can be several kinds here: say {ways}")
    return best[0]


def _matching(word: str, resources: Sequence[Resource]) -> list[Resource]:
    name, _, group = word.partition(".")
    version, _, behind = group.partition(".")
    return [
        each
        for each in resources
        if name in each.names
        and (
            not group
            or each.kind.group == group
            or each.kind.group.startswith(f"{group}.")
            or (each.kind.version == version and each.kind.group == behind)
        )
    ]


def _is_own(resource: Resource) -> bool:
    """Whether it is of Kubernetes itself: of the core, or a group without a company's domain."""
    group = resource.kind.group
    return "." not in group or group.endswith(".k8s.io")


def _unknown(word: str, resources: Iterable[Resource]) -> str:
    plurals = {name: each.kind.plural for each in resources for name in each.names}
    near = close(word.partition(".")[0], plurals, plurals)
    hint = f"did you mean {near}?" if near else "are its CRDs installed? See kubectl api-resources"
    return f"the server has no kind {word!r}: {hint}"


def close(word: str, known: Iterable[str], called: Mapping[str, str] | None = None) -> str:
    """Return the names that are nearly the word, as an enumeration, by what they are called."""
    found = difflib.get_close_matches(word, sorted(known), n=_CLOSE)
    return " or ".join(dict.fromkeys((called or {}).get(name, name) for name in found))
