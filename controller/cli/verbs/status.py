"""`status [KIND/NAME]`: how Pentad's resources are doing, or how one object of any kind is."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from controller.cli.age import age
from controller.cli.drawing import identity
from controller.cli.errors import FINE, NOT_READY
from controller.cli.naming import Named, kind_for, split
from controller.cli.notes import Note, by_object
from controller.cli.paint import Brush, Colour, columns, plain
from controller.cli.readiness import readiness
from controller.cli.seen import Readiness
from controller.cli.session import Inventory, Session
from controller.cli.thing import GROUPS, PAUSED, Said, Thing
from controller.cli.verbs.tree import one, tell_unlisted
from informers.meta.builtin import EVENT
from informers.meta.kinds import Kind
from informers.meta.kstatus import READY

_RECENT: Final = 10
_OF_EVENT: Final[Mapping[str, Sequence[Colour]]] = {"Warning": ("yellow",)}
_NEUTRAL: Final = frozenset({"Progressing"})


def add_arguments(parser: ArgumentParser) -> None:
    """Add what only this verb takes."""
    parser.add_argument(
        "what", nargs="*", metavar="KIND/NAME",
        help="one object; a KIND alone lists it; nothing lists all that Pentad runs",
    )  # fmt: skip
    parser.add_argument("--exit-code", action="store_true", help="1 if anything is not ready")


async def run(session: Session, asked: Namespace) -> int:
    """Print how one object is doing, or all of them."""
    named = split(asked.what)
    if named is not None and named.name:
        is_ready = await _one(session, one(session, asked.what))
    else:
        is_ready = await _many(session, named)
    return NOT_READY if asked.exit_code and not is_ready else FINE


async def _many(session: Session, named: Named | None) -> bool:
    """Print a table of a kind, or of all kinds of Pentad's groups."""
    resources = (await session.catalogue()).resources
    kinds: list[Kind] = [
        each.kind for each in resources if each.kind.group in GROUPS and "list" in each.verbs
    ]
    if named is not None:
        kinds = [kind_for(named.word, resources).kind]
    found = await session.list_all(kinds, namespace=session.place)
    things = sorted(
        (Thing.of(kind, each) for kind, snapshots in found.listed.items() for each in snapshots),
        key=lambda each: (each.namespace, each.kind.kind, each.name),
    )
    if session.screen.form == "text":
        session.screen.lines(_table(session, things))
        if not things:
            session.screen.note(_nothing(session, kinds))
        tell_unlisted(session, found)
    else:
        items = [_summary(each) for each in things]
        session.screen.data({"items": items, "notListed": found.unlisted})
    return all(readiness(each).is_ready for each in things)


def _nothing(session: Session, kinds: Sequence[Kind]) -> str:
    if not kinds:
        return f"the server has no kind of Pentad's ({', '.join(sorted(GROUPS))}): install its CRDs"
    where = (
        f"in {session.place} namespace: -A looks in all" if session.place else "in any namespace"
    )
    return f"No resources found {where}"


def _table(session: Session, things: Sequence[Thing]) -> list[str]:
    if not things:
        return []
    brush, now = session.screen.brush, session.now
    head = ["NAME", "PHASE", "READY", "AGE", "MESSAGE"]
    rows = [["NAMESPACE", *head] if session.everywhere else head]
    for each in things:
        seen = readiness(each)
        message = seen.why or _message(each, seen)
        row = [
            plain(each.title),
            brush.health(plain(each.phase), seen.health),
            brush.health(plain(seen.ready or seen.health.value), seen.health),
            age(each.created, now),
            plain(("paused; " if each.is_paused else "") + message),
        ]
        rows.append([each.namespace, *row] if session.everywhere else row)
    return columns(rows)


def _message(thing: Thing, seen: Readiness) -> str:
    """Return what there is to say of it; of what is ready, what it says itself."""
    ready = thing.condition(READY)
    return seen.message or (ready.message if ready and not seen.reason else "")


def _summary(thing: Thing) -> dict[str, Any]:
    seen = readiness(thing)
    return {
        **identity(thing),
        "phase": thing.phase,
        "health": seen.health.value,
        "ready": seen.ready,
        "reason": seen.reason,
        "message": _message(thing, seen),
        "paused": thing.is_paused,
        "generation": thing.generation,
        "observedGeneration": thing.observed_generation,
    }


async def _one(session: Session, named: Named) -> bool:
    """Print all there is to say of one object without what it owns."""
    thing = await session.find(named)
    found = Inventory()
    if thing.namespace:
        found = await session.list_all(
            [EVENT], namespace=thing.namespace, fields=f"involvedObject.uid={thing.uid}"
        )
    events = by_object(found.things(("", "Event"))).get(thing.uid, ())[-_RECENT:]
    if session.screen.form == "text":
        session.screen.lines(_details(session, thing, events))
        tell_unlisted(session, found)
    else:
        conditions = [_condition(each) for each in thing.conditions]
        notes = [_event(each) for each in events]
        session.screen.data({**_summary(thing), "conditions": conditions, "events": notes})
    return readiness(thing).is_ready


def _details(session: Session, thing: Thing, events: Sequence[Note]) -> Iterator[str]:
    brush, now = session.screen.brush, session.now
    seen = readiness(thing)
    where = f" in {thing.namespace}" if thing.namespace else ""
    yield brush.paint(plain(thing.title), "bold") + f"{where} ({thing.kind.api_version})"
    facts = [
        ("phase", brush.health(plain(thing.phase), seen.health)),
        ("health", brush.health(plain(f"{seen.health} {seen.ready}".rstrip()), seen.health)),
        ("why", plain(seen.why)),
        ("age", age(thing.created, now)),
        ("generation", _generation(thing)),
        ("paused", f"yes, by the annotation {PAUSED}" if thing.is_paused else ""),
    ]
    yield from columns([[f"  {name}", value] for name, value in facts if value])
    if thing.conditions:
        yield "conditions"
        yield from columns([_row(each, session) for each in thing.conditions])
    if events:
        yield "events"
        rows = [
            [
                f"  {age(each.last, now)}",
                brush.paint(plain(each.type), "yellow")
                if each.type == "Warning"
                else plain(each.type),
                plain(each.reason) + (f" ({each.count} times)" if each.count > 1 else ""),
                plain(each.message),
            ]
            for each in events
        ]
        yield from columns(rows)


def _generation(thing: Thing) -> str:
    seen = thing.observed_generation
    if thing.is_held:
        return f"{thing.generation}, which waits for the end of the pause ({seen} was seen)"
    if thing.is_unseen:
        return f"{thing.generation}, but the manager has not seen the newest change yet ({seen})"
    return str(thing.generation or "")


def _row(said: Said, session: Session) -> list[str]:
    brush: Brush = session.screen.brush
    colour: Colour = "green" if said.is_good else "yellow"
    colours: list[Colour] = [] if said.type in _NEUTRAL else [colour]
    return [
        f"  {plain(said.type)}",
        brush.paint(plain(said.status), *colours),
        age(said.since, session.now),
        plain(said.reason),
        plain(said.message),
    ]


def _condition(said: Said) -> dict[str, Any]:
    return {
        "type": said.type,
        "status": said.status,
        "reason": said.reason,
        "message": said.message,
        "since": said.since.isoformat() if said.since else None,
    }


def _event(note: Note) -> dict[str, Any]:
    return {
        "type": note.type,
        "reason": note.reason,
        "message": note.message,
        "count": note.count,
        "last": note.last.isoformat() if note.last else None,
    }
