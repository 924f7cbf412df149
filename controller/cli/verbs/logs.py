"""`logs KIND/NAME`: the logs of all pods that an object owns, as one."""

import asyncio
import json
import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from controller.cli import podlogs
from controller.cli.errors import FINE, NO_ANSWER, NoAnswer, WrongUse
from controller.cli.following import Following
from controller.cli.loglines import PREFIXES, Line, merge, pretty, record_of
from controller.cli.paint import Colour
from controller.cli.podlogs import Extent, Source
from controller.cli.reading import fields
from controller.cli.session import Session
from controller.cli.thing import Thing
from controller.cli.tree import Node
from controller.cli.verbs.tree import read, tell_unlisted
from informers.errors import InformersError, StatusError
from informers.meta.duration import SECOND, Duration
from informers.meta.errors import DurationError

TAIL: Final = 10
MOST_FOLLOWED: Final = 32
_SERVICE: Final = "service"
_PAIR: Final = re.compile(r"[^=\s]+=[^=\s]*")

Write = Callable[[Line], None]


def add_arguments(parser: ArgumentParser) -> None:
    """Add what only this verb takes."""
    add = parser.add_argument
    add("what", nargs="+", metavar="KIND/NAME", help="whose pods")
    add("-f", "--follow", action="store_true", help="go on until Ctrl-C, with pods that come later")
    add("--service", metavar="LABEL", help="pods with this `service` label, or with NAME=VALUE")
    add("-c", "--container", metavar="NAME", default="", help="this container alone")
    add("--since", metavar="10m", type=_duration, help="what was written since so long ago")
    add(
        "--tail", metavar="N", type=int,
        help=f"the last N lines of each container, -1 for all ({TAIL}; of a single pod: all)",
    )  # fmt: skip
    add("-p", "--previous", action="store_true", help="of the container before the last restart")
    add("--timestamps", action="store_true", help="when each line was written")
    add("--raw", action="store_true", help="leave lines of JSON as they are")
    add(
        "--max-log-requests", metavar="N", type=int, default=MOST_FOLLOWED,
        help=f"how many containers may be followed at a time ({MOST_FOLLOWED})",
    )  # fmt: skip


async def run(session: Session, asked: Namespace) -> int:
    """Print the logs of the pods below an object."""
    root, inventory = await read(session, asked.what)
    pods = _pods(root, asked.service)
    if not pods:
        tell_unlisted(session, inventory)
        among = f" with the label {_label(asked.service)}" if asked.service else ""
        raise NoAnswer(
            f"{root.thing.title} owns no pod{among}: kubectl pentad tree shows what it owns"
        )
    sources = _sources(root, asked)
    if not sources:
        raise WrongUse(f"none of its pods has a container {asked.container!r}")
    is_one = len(pods) == 1 and root.thing.kind.kind == "Pod"
    tail = asked.tail if asked.tail is not None else None if is_one or asked.since else TAIL
    extent = Extent(
        tail=None if tail is not None and tail < 0 else tail,
        since_seconds=asked.since,
        previous=asked.previous,
    )
    if asked.follow:
        return await _follow(session, asked, extent, sources, root=root.thing)
    write = _writer(session, asked, {each.title: each for each in sources})
    return await _read(session, sources, extent, write)


async def _read(session: Session, sources: Sequence[Source], extent: Extent, write: Write) -> int:
    logs: list[list[Line]] = []
    failures: list[InformersError] = []

    async def one(source: Source) -> None:
        try:
            logs.append(await podlogs.read(session.client, source, extent))
        except StatusError as error:
            session.screen.note(podlogs.explain(source, error))
        except InformersError as error:
            failures.append(error)

    async with asyncio.TaskGroup() as group:
        for source in sources:
            group.create_task(one(source))
    if failures:
        raise failures[0]
    for line in merge(logs):
        write(line)
    return FINE if logs else NO_ANSWER


async def _follow(
    session: Session,
    asked: Namespace,
    extent: Extent,
    sources: Sequence[Source],
    *,
    root: Thing,
) -> int:
    """Print lines as they come; those of a pod end with it, others by Ctrl-C."""
    most = asked.max_log_requests
    if len(sources) > most:
        raise WrongUse(
            f"{len(sources)} containers would be followed, {most} may be: choose some with "
            "--service or --container, or raise --max-log-requests"
        )
    titles = {each.title: each for each in sources}

    async def later() -> Sequence[Source]:
        tree, _ = await read(session, asked.what)
        found = _sources(tree, asked)
        titles.update({each.title: each for each in found})
        return found

    following = Following(session, extent, _writer(session, asked, titles), most=most)
    is_growing = root.kind.kind != "Pod" and not extent.previous
    await following.run(sources, later if is_growing else None, namespace=root.namespace)
    return FINE


def _sources(root: Node, asked: Namespace) -> list[Source]:
    """Return the containers below an object that are asked for."""
    pods = _pods(root, asked.service)
    return [source for pod in pods for source in podlogs.sources(pod, asked.container)]


def _pods(root: Node, service: str | None) -> list[Thing]:
    """Return the pods of a tree, each once, as far as their labels are asked for."""
    found = {
        node.thing.uid: node.thing
        for node in root.walk()
        if (node.thing.kind.group, node.thing.kind.kind) == ("", "Pod")
    }
    name, _, value = _label(service).partition("=") if service else ("", "", "")
    return [
        pod
        for pod in found.values()
        if not service or fields(pod.body, "metadata", "labels").get(name) == value
    ]


def _label(service: str) -> str:
    return service if _PAIR.fullmatch(service) else f"{_SERVICE}={service}"


def _writer(session: Session, asked: Namespace, titles: Mapping[str, Source]) -> Write:
    """Return what writes a line in the form that is asked for; there may come more titles."""
    screen = session.screen
    if asked.output in ("json", "yaml"):
        return lambda line: screen.lines([_as_json(line, titles)])
    colours: dict[str, Colour] = {}
    is_pretty = screen.is_terminal and not asked.raw

    def write(line: Line) -> None:
        for title in titles if len(colours) < len(titles) else ():
            colours.setdefault(title, PREFIXES[len(colours) % len(PREFIXES)])
        widest = max(map(len, titles))
        prefix = screen.brush.paint(f"{line.source:<{widest}} |", colours[line.source])
        text = pretty(line.text, screen.brush) if is_pretty else line.text
        stamped = f"{line.time} {text}" if asked.timestamps else text
        screen.lines([f"{prefix} {stamped}"])

    return write


def _as_json(line: Line, titles: Mapping[str, Source]) -> str:
    source = titles[line.source]
    record: Any = record_of(line.text)
    said = {"line": line.text} if record is None else {"record": record}
    where = {"namespace": source.namespace, "pod": source.pod, "container": source.container}
    return json.dumps({"time": line.time, **where, **said}, ensure_ascii=False)


def _duration(text: str) -> int:
    try:
        nanoseconds = Duration.parse(text).nanoseconds
    except DurationError as error:
        raise ArgumentTypeError(f"{text!r} is no duration: say 90s, 10m or 2h") from error
    if nanoseconds <= 0:
        raise ArgumentTypeError(f"{text!r}: say more than nothing")
    return -(-nanoseconds // SECOND)
