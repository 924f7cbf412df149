"""`ledger verify|show CLUSTER`: what was decided about a PeninOmegaCluster, and the proof.

`verify` compares the entries that are objects, the volume and what its writer has reported, hash by
hash; it ends with 1 if anything is not as it was written.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from controller.cli.errors import FINE, NOT_READY, NoAnswer, WrongUse
from controller.cli.naming import Named
from controller.cli.paint import columns, plain
from controller.cli.session import Session
from controller.cli.thing import Thing
from informers.errors import Forbidden
from reconcilers.penin.ledger.chain import Malformed, lines, read
from reconcilers.penin.ledger.entries import Place
from reconcilers.penin.ledger.verification import (
    Gathered,
    NoWriter,
    Unreadable,
    by_proxy,
    gather,
    told,
)

CLUSTERS: Final = "peninomegaclusters.penin.ai"
ACTIONS: Final = ("verify", "show")
KIND: Final = "penin"
_LEDGERS: Final = ("LedgerReady", "LedgerWritten")
_FOLLOWS: Final = frozenset({"NotReported", "Behind"})
"""Reasons that only say again that no writer runs."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add what only this verb takes."""
    parser.add_argument(
        "what", nargs="+", metavar="verify|show CLUSTER",
        help="compare all of it (default), or print its entries; of a PeninOmegaCluster, or of "
        "what is left of it",
    )  # fmt: skip
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--objects-only", action="store_true", help="leave the volume out, as where there is none"
    )
    source.add_argument(
        "--file", metavar="FILE", type=Path, help="a copy of the volume's ledger.jsonl, instead"
    )


async def run(session: Session, asked: Namespace) -> int:
    """Print the ledger, or whether it is whole."""
    if session.everywhere:
        raise WrongUse("a ledger is that of one cluster: leave -A away, and name a namespace")
    action, cluster = _split(asked.what)
    place = Place(namespace=session.namespace, cluster=cluster)
    gathered = await _gathered(session, asked, place)
    if gathered.is_empty:
        await _cluster(session, place)
    if action == "show":
        _show(session, gathered)
        return FINE
    report = gathered.report
    if session.screen.form == "text":
        session.screen.lines(told(place, gathered))
    else:
        session.screen.data(
            {
                "cluster": place.key,
                "entries": report.entries,
                "onVolume": None if gathered.volume is None else report.on_volume,
                "objects": len(gathered.objects),
                "head": report.head,
                "whole": report.is_whole,
                "problems": [
                    {"entry": each.sequence, "message": each.message} for each in report.problems
                ],
            }
        )
    return FINE if report.is_whole else NOT_READY


async def _gathered(session: Session, asked: Namespace, place: Place) -> Gathered:
    try:
        if asked.file is not None:
            content = asked.file.read_bytes()

            async def of_file(offset: int) -> bytes:
                return bytes(content[offset:])

            return await gather(session.client, place, read=of_file)
        reading = None if asked.objects_only else await by_proxy(session.client, place)
        return await gather(session.client, place, read=reading)
    except NoWriter as error:
        raise NoAnswer(str(await _explained(session, place) or error)) from error
    except (Unreadable, OSError) as error:
        raise NoAnswer(str(error)) from error


async def _cluster(session: Session, place: Place) -> Thing | None:
    """Return the cluster itself; None if this user may not read it, who may know the ledger.

    Raises:
        NoAnswer: If there is none. Its ledger may be left nonetheless.
    """
    try:
        return await session.find(Named(CLUSTERS, place.cluster))
    except Forbidden:
        return None


async def _explained(session: Session, place: Place) -> NoWriter | None:
    """Return why a cluster has no ledger-writer, as far as it tells."""
    try:
        cluster = await _cluster(session, place)
    except NoAnswer as error:
        return NoWriter(place, str(error))
    why = "" if cluster is None else "; ".join(hindrances(cluster))
    return NoWriter(place, why) if why else None


def hindrances(cluster: Thing) -> list[str]:
    """Return what a cluster says stands between it and its ledger-writer."""
    found = [cluster.condition(each) for each in _LEDGERS]
    bad = [each for each in found if each and each.status == "False"]
    return list(dict.fromkeys(each.why for each in bad if each.reason not in _FOLLOWS))


def _show(session: Session, gathered: Gathered) -> None:
    """Print all entries, those of the volume first."""
    whole, _ = lines(gathered.volume or b"")
    raws = dict(enumerate(whole, 1)) | gathered.objects
    found = [_entry(number, raws[number]) for number in sorted(raws)]
    if session.screen.form != "text":
        session.screen.data({"entries": found})
        return
    head = ("ENTRY", "TIME", "DECISION", "PROPOSAL", "BY", "REASON", "FIELDS")
    rows = [[plain(str(each.get(name.lower(), ""))) for name in head] for each in found]
    session.screen.lines(columns([list(head), *rows]))
    if not rows:
        session.screen.note("nothing was decided about it yet")


def _entry(number: int, raw: bytes) -> dict[str, Any]:
    try:
        entry = read(raw)
    except Malformed as error:
        return {"entry": number, "decision": "unreadable", "reason": str(error)}
    return {
        "entry": number,
        "time": entry.time,
        "decision": entry.decision,
        "proposal": entry.proposal,
        "by": entry.by,
        "reason": entry.reason,
        "fields": "; ".join(f"{each.field}: {each.before} → {each.after}" for each in entry.fields),
        "message": entry.message,
        "proposer": entry.proposer,
    }


def _split(words: Sequence[str]) -> tuple[str, str]:
    """Return what is to be done and with whose ledger; KIND/NAME does as with other verbs."""
    action, *rest = words if words[0] in ACTIONS else (ACTIONS[0], *words)
    kind, slash, name = "/".join(rest).rpartition("/")
    if not name or (slash and not kind.lower().startswith(KIND)):
        raise WrongUse(f"{' '.join(words)!r} names no PeninOmegaCluster: as in verify penin-dev")
    return action, name
