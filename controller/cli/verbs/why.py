"""`why KIND/NAME`: why an object is not ready, in sentences, from the cause to the effect."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Final

from controller.cli.causes import Evidence
from controller.cli.errors import FINE, NOT_READY
from controller.cli.notes import by_object
from controller.cli.paint import Brush, plain
from controller.cli.reading import fields, text
from controller.cli.session import Inventory, Session
from controller.cli.story import Sentence, Story, lines, tell
from controller.cli.thing import Thing
from controller.cli.tree import Node
from controller.cli.verbs.tree import read, tell_unlisted
from informers.meta.builtin import EVENT
from informers.meta.kinds import Kind

_CLASS: Final = Kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", namespaced=False)
_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"


def add_arguments(parser: ArgumentParser) -> None:
    """Add what only this verb takes."""
    parser.add_argument("what", nargs="+", metavar="KIND/NAME", help="what to explain")
    parser.add_argument("--exit-code", action="store_true", help="1 if it is not ready")


async def run(session: Session, asked: Namespace) -> int:
    """Print why an object is as it is."""
    root, inventory = await read(session, asked.what)
    story = tell(root, await _evidence(session, root, inventory), now=session.now)
    if session.screen.form == "text":
        session.screen.lines(narrated(story, session.screen.brush))
        tell_unlisted(session, inventory)
    else:
        session.screen.data({**story.data(), "notListed": inventory.unlisted})
    return NOT_READY if asked.exit_code and not story.is_ready else FINE


async def _evidence(session: Session, root: Node, inventory: Inventory) -> Evidence:
    """Read what the tree does not hold, if anything in it is not ready."""
    if all(each.seen.is_ready for each in root.walk()):
        return Evidence()
    claims = {each.name: each for each in inventory.things(("", "PersistentVolumeClaim"))}
    wanted = [EVENT]
    if any(each.phase == "Pending" for each in claims.values()):
        wanted.append(_CLASS)
    more = await session.list_all(wanted, namespace=root.thing.namespace)
    inventory.unlisted |= more.unlisted
    classes = more.things(("storage.k8s.io", "StorageClass"))
    return Evidence(
        notes=by_object(more.things(("", "Event"))),
        claims=claims,
        classes=_binding(classes) if _CLASS in more.listed else None,
        default_class=next((each.name for each in classes if _is_default(each)), ""),
    )


def _binding(classes: list[Thing]) -> Mapping[str, str]:
    return {each.name: text(each.body, "volumeBindingMode") for each in classes}


def _is_default(storage_class: Thing) -> bool:
    return text(fields(storage_class.body, "metadata", "annotations"), _DEFAULT) == "true"


def narrated(story: Story, brush: Brush) -> Iterator[str]:
    """Return a story as lines."""
    yield brush.paint(plain(story.headline), "bold", "green" if story.is_ready else "red")
    for remark in story.remarks:
        yield f"  {plain(remark)}"
    sentences = story.sentences
    if len(sentences) == 1 and _is_told(sentences[0], story.headline):
        sentences = ()
    if sentences:
        yield ""
    for place, each in enumerate(sentences, 1):
        colour = brush.paint(f"{place}.", "red" if each.role == "cause" else "yellow")
        so = "so " if each.role == "effect" else ""
        yield f"{colour} {so}{brush.paint(plain(each.title), 'bold')} {plain(each.text)}"
        if each.remedy:
            yield f"   {brush.paint('→', 'cyan')} {plain(each.remedy)}"
    for name, account in story.accounts.items():
        yield ""
        yield brush.paint(name, "bold")
        yield from (_indented(each) for each in lines(account, told=[story.headline]))


def _is_told(sentence: Sentence, headline: str) -> bool:
    """Whether a headline says all of a sentence: of whom, what and why."""
    why = sentence.text.partition(": ")[2]
    is_same = headline.startswith(sentence.title) and not sentence.remedy
    return is_same and bool(why) and headline.endswith(why)


def _indented(line: str) -> str:
    """Return a line of others with the spaces before it."""
    return line[: len(line) - len(line.lstrip())] + plain(line)
