"""`tree KIND/NAME`: what an object owns, all the way down, and whether that is ready."""

from argparse import ArgumentParser, Namespace

from controller.cli import drawing
from controller.cli.errors import FINE, NOT_READY, WrongUse
from controller.cli.naming import Named, split
from controller.cli.session import Inventory, Session
from controller.cli.tree import Node, grow


def add_arguments(parser: ArgumentParser) -> None:
    """Add what only this verb takes."""
    parser.add_argument("what", nargs="+", metavar="KIND/NAME", help="whose tree")
    parser.add_argument("--all", action="store_true", help="with ReplicaSets of older revisions")
    parser.add_argument("--exit-code", action="store_true", help="1 if anything is not ready")


async def run(session: Session, asked: Namespace) -> int:
    """Print the tree of an object."""
    root, inventory = await read(session, asked.what)
    if session.screen.form == "text":
        session.screen.lines(
            drawing.lines(root, brush=session.screen.brush, now=session.now, everything=asked.all)
        )
        tell_unlisted(session, inventory)
    else:
        session.screen.data({**drawing.data(root), "notListed": inventory.unlisted})
    is_ready = all(each.seen.is_ready for each in root.walk())
    return NOT_READY if asked.exit_code and not is_ready else FINE


async def read(session: Session, what: list[str]) -> tuple[Node, Inventory]:
    """Read an object, and everything that it can own."""
    root = await session.find(one(session, what))
    inventory = await session.inventory(root)
    return grow(root, inventory.listed), inventory


def one(session: Session, what: list[str]) -> Named:
    """Return the one object that is named."""
    named = split(what)
    if named is None or not named.name:
        raise WrongUse(f"{what[0]} of which name? Say {what[0]}/NAME")
    if session.everywhere:
        raise WrongUse("one object is in one namespace: say -n NAMESPACE instead of -A")
    return named


def tell_unlisted(session: Session, inventory: Inventory) -> None:
    """Say which kinds are not shown, each reason once."""
    for reason in sorted(set(inventory.unlisted.values())):
        kinds = sorted(kind for kind, why in inventory.unlisted.items() if why == reason)
        session.screen.note(f"not shown: {', '.join(kinds)} ({reason})")
