"""Why an object is as it is, in sentences, from the causes to what follows from them.

Below an object that is not ready the tree is walked to its leaves: what explains itself there is a
cause, what waits for it is an effect, and the object itself comes last. Equal causes of siblings
are told once, with how many they are.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from controller.cli import causes as found
from controller.cli.age import age
from controller.cli.causes import Evidence
from controller.cli.drawing import identity
from controller.cli.outcomes import end_of
from controller.cli.reading import at
from controller.cli.remarks import remarks
from controller.cli.thing import Thing
from controller.cli.tree import Node
from controller.cli.workloads import PODS_NOT_READY
from informers.meta.kstatus import READY

Role = Literal["cause", "effect"]
_SENTENCES: Final = frozenset({"message", "note"})
"""The fields that hold sentences, as conditions and Events of Kubernetes call them."""
ACCOUNTS: Final = ("decision", "prediction")
"""The fields of a status that tell how it came about, as it is structured there."""


@attrs.frozen(kw_only=True)
class Sentence:
    """What there is to say of an object; `like` are others of which the same is true."""

    role: Role
    about: Thing
    text: str
    remedy: str = ""
    like: Sequence[Thing] = ()

    @property
    def title(self) -> str:
        """Return whom it is about, as a sentence begins."""
        more = f" (and {len(self.like)} more)" if self.like else ""
        colon = ":" if self.text.startswith("container ") else ""
        return f"{self.about.title}{more}{colon}"


@attrs.frozen(kw_only=True)
class Story:
    """The whole answer: in one line, step by step, and what else is good to know."""

    headline: str
    is_ready: bool
    sentences: Sequence[Sentence]
    remarks: Sequence[str]
    accounts: Mapping[str, object] = attrs.field(factory=dict)

    def data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "headline": self.headline,
            "isReady": self.is_ready,
            "sentences": [
                {
                    "role": each.role,
                    "about": identity(each.about),
                    "text": each.text,
                    "remedy": each.remedy,
                    "alsoTrueOf": [other.title for other in each.like],
                }
                for each in self.sentences
            ],
            "remarks": list(self.remarks),
            **{each: self.accounts.get(each) for each in ACCOUNTS},
        }


def tell(root: Node, evidence: Evidence, *, now: dt.datetime) -> Story:
    """Tell why an object is ready or not."""
    sentences = _merged(_below(root, evidence))
    is_ready = root.seen.is_ready
    since = _since(root, now)
    state = _state(root)
    why = _said(root)
    accounts = ((name, at(root.thing.body, "status", name)) for name in ACCOUNTS)
    headline = f"{root.thing.title} {state}{since}{f': {why}' if why else ''}"
    return Story(
        headline=headline,
        is_ready=is_ready,
        sentences=sentences,
        remarks=list(remarks(root, now)),
        accounts={name: account for name, account in accounts if account is not None},
    )


def _state(node: Node) -> str:
    """Return how it is, in a word of its own where it has one."""
    if node.thing.deleting_since:
        return "is being deleted"
    if node.seen.state:
        return f"is {node.seen.state}"
    return "is ready" if node.seen.is_ready else "is not ready"


def _said(node: Node) -> str:
    """Return what the object says of itself."""
    ready = node.thing.condition(READY)
    if node.seen.why or ready is None:
        return node.seen.why
    return ready.why


def _since(root: Node, now: dt.datetime) -> str:
    """Return for how long it is as it is, where a condition that says the same tells it."""
    thing = root.thing
    end = end_of(thing)
    over = end.since if end and end.status == "True" else None
    ready = thing.condition(READY) or thing.condition("Available")
    is_said = ready is not None and (ready.status == "True") == root.seen.is_ready
    since = thing.deleting_since or (ready.since if ready and is_said else over)
    return f" for {age(since, now)}" if since else ""


def _below(node: Node, evidence: Evidence) -> Iterator[Sentence]:
    """Return what there is to say of a tree, the causes first."""
    before: list[Sentence] = []
    for child in node.children:
        before += _below(child, evidence)
    yield from before
    if node.seen.is_ready:
        return
    told = [each.text for each in before if each.role == "cause"]
    own = [each for each in found.causes(node, evidence) if each.text not in told]
    for cause in own:
        yield Sentence(
            role="effect" if cause.follows else "cause",
            about=cause.about or node.thing,
            text=cause.text,
            remedy=cause.remedy,
        )
    if not own:
        role: Role = "effect" if before else "cause"
        yield Sentence(role=role, about=node.thing, text=_consequence(node, told))


def _consequence(node: Node, told: Sequence[str]) -> str:
    """Return that something is not ready, without the words that explained it already."""
    seen, state = node.seen, _state(node)
    if seen.reason == PODS_NOT_READY:
        return f"{state}: {seen.message}"
    if any(cause.partition(": ")[2] and cause.partition(": ")[2] in seen.message for cause in told):
        return f"{state} ({seen.ready})" if seen.ready else state
    return f"{state}: {seen.why or 'it does not say why'}"


def _merged(sentences: Iterator[Sentence]) -> list[Sentence]:
    """Return each cause once, with how many objects of a kind it is true of."""
    merged: dict[tuple[str, str, str], Sentence] = {}
    for each in sentences:
        general = each.text.replace(each.about.name, "…")
        key = (each.about.kind.kind, each.role, general)
        first = merged.get(key)
        if each.role == "effect" or first is None:
            merged[key if each.role == "cause" else (*key[:2], each.about.uid)] = each
        else:
            merged[key] = attrs.evolve(first, like=[*first.like, each.about])
    return list(merged.values())


def _is_part(sentence: str, whole: str) -> bool:
    """Whether a sentence was told: by itself, as one of several, or behind whose it is."""
    said = [whole, *whole.split("; ")]
    return any(each == sentence or each.endswith(f": {sentence}") for each in said)


def lines(account: object, indent: str = "  ", *, told: list[str] | None = None) -> Iterator[str]:
    """Return an account, whatever its fields, as lines of `name: value`.

    A sentence that is part of one that was `told` is left out; those that are not are told then.
    """
    told = [] if told is None else told
    if isinstance(account, Mapping):
        for name, value in account.items():
            if isinstance(value, Mapping | list):
                inner = list(lines(value, f"{indent}  ", told=told))
                yield from [f"{indent}{name}:", *inner] if inner or not value else ()
            elif name not in _SENTENCES or not any(_is_part(str(value), each) for each in told):
                told += [value] if name in _SENTENCES and isinstance(value, str) else []
                yield f"{indent}{name}: {value}"
    elif isinstance(account, list):
        for each in account:
            if isinstance(each, Mapping):
                for place, line in enumerate(lines(each, "", told=told)):
                    yield f"{indent}{'  ' if place else '- '}{line}"
            else:
                yield f"{indent}- {each}"
    else:
        yield f"{indent}{account}"
