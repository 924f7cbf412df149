"""`python -m hack.lanes`: tests in several runs of pytest side by side, reported one after another.

    python -m hack.lanes tests/integration "tests/unit tests/chaos" --then tests/e2e -- -k name

A test on a cluster mostly waits, and pytest does one thing at a time. So each lane is a run of its
own, with a cluster of its own where it needs one. Which lane has which tests, in which order, is
written in the Makefile and not found out while they run. After `--then` come those that want to be
alone, as they look at the whole machine.

The report of the first lane is shown while it runs, those of the others when it is their turn, and
the last lines say how each ended. What follows `--` is said to every lane. Ctrl-C ends all of them
in the orderly way. The exit code is pytest's; 5, no tests, only if no lane had any.
"""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self

import attrs

from informers.clock import LoopClock

PYTEST: Final = (sys.executable, "-m", "pytest")
PASSED: Final = 0
WRONG: Final = 4
NO_TESTS: Final = 5
OF_SIGNALS: Final = 128
ENDING_SECONDS: Final = 120.0
"""What lanes that were told to end have for taking their clusters down, before they are killed."""
LOOK_SECONDS: Final = 0.2
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@attrs.define
class Lane:
    """One run of pytest."""

    said: str
    process: asyncio.subprocess.Process
    report: Path | None
    """Where it prints to; nowhere if it prints for itself."""
    began: float
    ended: float
    shown: int = 0

    @classmethod
    async def start(
        cls, said: str, more: Sequence[str], *, command: Sequence[str], report: Path | None
    ) -> Self:
        """Start it in a process group of its own, so that a Ctrl-C reaches it once, and from us."""
        with contextlib.ExitStack() as stack:
            printed = stack.enter_context(report.open("wb")) if report else None
            process = await asyncio.create_subprocess_exec(
                *(*command, *shlex.split(said), *more),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=printed,
                stderr=asyncio.subprocess.STDOUT if report else None,
                env=os.environ | _looks(),
                process_group=0,
            )
        now = LoopClock().monotonic()
        return cls(said, process, report, began=now, ended=now)

    @property
    def code(self) -> int | None:
        """How it ended, as a shell tells it; None while it runs."""
        code = self.process.returncode
        return code if code is None or code >= 0 else OF_SIGNALS - code

    @property
    def verdict(self) -> str:
        """How it ended, for people."""
        words = {PASSED: "passed", NO_TESTS: "no tests"}
        word = words.get(self.code or PASSED, f"FAILED (exit {self.code})")
        return f"{word} after {self.ended - self.began:.0f} s: {self.said}"

    async def finish(self) -> None:
        """Wait for its end."""
        await self.process.wait()
        self.ended = LoopClock().monotonic()

    def tell(self, number: int) -> None:
        """Send a signal to it alone: what it started it ends itself."""
        if self.code is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End all of it; clusters of a run that was killed are taken down by the next."""
        if self.code is None:
            os.killpg(self.process.pid, signal.SIGKILL)

    async def follow(self) -> None:
        """Print its report until it ends."""
        clock = LoopClock()
        while self.code is None:
            self._show()
            await clock.sleep(LOOK_SECONDS)
        self._show()

    def _show(self) -> None:
        """Print what came since."""
        if self.report is None:
            return
        with self.report.open("rb") as report:
            report.seek(self.shown)
            shutil.copyfileobj(report, sys.stdout.buffer)
            self.shown = report.tell()
        sys.stdout.flush()


def main(arguments: Sequence[str], *, command: Sequence[str] = PYTEST) -> int:
    """Run the lanes that are named before `--`; return the exit code."""
    stages, more = _parted(arguments)
    if not all(stages):
        print("lanes: say what each lane runs, such as tests/unit", file=sys.stderr)
        return WRONG
    return asyncio.run(_run(stages, more, command))


async def _run(stages: Sequence[Sequence[str]], more: Sequence[str], command: Sequence[str]) -> int:
    """Run stage after stage, unless told to end; return the exit code."""
    lanes: list[Lane] = []
    with tempfile.TemporaryDirectory() as reports, _ended_by_signals(lanes) as told:
        for names in stages:
            if told.is_set():
                break
            await _run_stage(names, more, command, lanes=lanes, reports=Path(reports))
    print()
    for lane in lanes:
        _say(lane.verdict)
    return together([lane.code or PASSED for lane in lanes])


async def _run_stage(
    names: Sequence[str],
    more: Sequence[str],
    command: Sequence[str],
    *,
    lanes: list[Lane],
    reports: Path,
) -> None:
    """Start lanes, which are added to those there were, and tell of one after the other."""
    ours: list[Lane] = []
    try:
        _say(names[0])  # before it can say anything itself
        for said in names:
            report = reports / f"{len(lanes)}.txt" if ours else None
            ours.append(await Lane.start(said, more, command=command, report=report))
            lanes.append(ours[-1])
        async with asyncio.TaskGroup() as group:
            for lane in ours:
                group.create_task(lane.finish())
            await ours[0].follow()
            for lane in ours[1:]:
                _say(lane.said)
                await lane.follow()
    finally:
        for lane in ours:
            lane.kill()


def together(codes: Sequence[int]) -> int:
    """Return one exit code for all: the first failure, or whether there were any tests."""
    failures = [code for code in codes if code not in {PASSED, NO_TESTS}]
    return failures[0] if failures else min(codes)


@contextlib.contextmanager
def _ended_by_signals(lanes: Sequence[Lane]) -> Iterator[asyncio.Event]:
    """Pass every signal on that ends programs; lanes that take too long then are killed."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    killing: list[asyncio.TimerHandle] = []

    def kill() -> None:
        for lane in lanes:
            lane.kill()

    def tell(number: signal.Signals) -> None:
        # Pytest knows Ctrl-C; of being terminated it knows only while it has a cluster.
        for lane in lanes:
            lane.tell(signal.SIGINT if number is signal.SIGHUP else number)
        told.set()
        killing.append(loop.call_later(ENDING_SECONDS, kill))

    for number in SIGNALS:
        loop.add_signal_handler(number, tell, number)
    try:
        yield told
    finally:
        for timer in killing:
            timer.cancel()
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def _parted(arguments: Sequence[str]) -> tuple[list[list[str]], list[str]]:
    """Return the lanes of each stage, and what is said to all of them."""
    found = list(arguments)
    end = found.index("--") if "--" in found else len(found)
    stages: list[list[str]] = [[]]
    for word in found[:end]:
        if word == "--then":
            stages.append([])
        else:
            stages[-1].append(word)
    return stages, found[end + 1 :]


def _looks() -> dict[str, str]:
    """What a lane's report looks like, which goes to a file first."""
    if not sys.stdout.isatty():
        return {}
    return {"COLUMNS": str(shutil.get_terminal_size().columns), "PY_COLORS": "1"}


def _say(text: str) -> None:
    """Tell something of the lanes, between their reports."""
    print(f"== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
