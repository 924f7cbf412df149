"""The same cases to both, and where their answers differ."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from hack.oracle.hpa import cases, ours

BATCH: Final = 500
_LINE: Final = 16 * 1024 * 1024
_ENDING: Final = 10.0
_ANSWERS: Final = 120.0
"""Seconds for a batch; it takes some milliseconds."""

Case = dict[str, Any]


@attrs.frozen(kw_only=True)
class Difference:
    """A case that was answered differently."""

    case: Case
    theirs: Any
    ours: Any

    def __str__(self) -> str:
        case = msgspec.json.encode(self.case).decode()
        return f"Kubernetes says {self.theirs}, ours {self.ours}: {case}"


@attrs.define(kw_only=True)
class Outcome:
    """What came of a comparison."""

    asked: int = 0
    steps: int = 0
    differences: list[Difference] = attrs.field(factory=list)


class Oracle:
    """The program that answers for Kubernetes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, batch: Sequence[Case]) -> list[dict[str, Any]]:
        """Return its answers, in order."""
        source, sink = self._process.stdout, self._process.stdin
        assert source is not None
        assert sink is not None

        async def say() -> None:
            for case in batch:
                sink.write(msgspec.json.encode(case) + b"\n")
                await sink.drain()

        async with asyncio.timeout(_ANSWERS), asyncio.TaskGroup() as group:
            group.create_task(say())
            return [msgspec.json.decode(await source.readline()) for _ in batch]


@asynccontextmanager
async def running(program: Path) -> AsyncIterator[Oracle]:
    """Start it, and end it."""
    process = await asyncio.create_subprocess_exec(
        program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE
    )
    try:
        yield Oracle(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_ENDING):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def compare(oracle: Oracle, *, singles: int, sequences: int, seed: int) -> Outcome:
    """Ask both so many cases."""
    outcome = Outcome()
    for batch in _batches(singles, sequences, random.Random(seed)):  # noqa: S311 - test cases
        for case, theirs in zip(batch, await oracle.ask(batch), strict=True):
            outcome.asked += 1
            outcome.steps += len(case.get("passes", ())) or 1
            said, mine = _both(case, theirs)
            if said != mine:
                outcome.differences.append(Difference(case=case, theirs=said, ours=mine))
    return outcome


def _batches(singles: int, sequences: int, rng: random.Random) -> Iterator[list[Case]]:
    for make, count in ((cases.single, singles), (cases.sequence, sequences)):
        for begin in range(0, count, BATCH):
            yield [make(rng) for _ in range(min(BATCH, count - begin))]


def _both(case: Case, theirs: dict[str, Any]) -> tuple[Any, Any]:
    """Return both answers in the same form."""
    if case["kind"] == "sequence":
        return (theirs["sequence"], theirs["failed"]), ours.played(case)
    found = ours.decided(case)
    if "error" in theirs or found is None:
        return "error" in theirs, found is None
    said: tuple[Any, ...] = (theirs["replicas"],)
    mine: tuple[Any, ...] = (found.replicas,)
    if case["kind"] == "utilization":
        said, mine = (*said, theirs["utilization"]), (*mine, found.utilization)
    if not case["kind"].endswith("-average") or case["shown"]:
        said, mine = (*said, theirs["average"]), (*mine, found.average)
    return said, mine
