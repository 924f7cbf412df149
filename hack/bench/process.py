"""A running peer, seen from the harness.

The wall clock starts before the process is spawned and stops at the time the peer itself put on
its milestone; CPU and memory are read when the milestone's line arrives. A peer that dies or stays
silent ends the run with the tail of its log. The peer's side is `tracker.py` and its Go twin.
"""

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import attrs

from hack.bench.usage import Usage, usage_of

_ROOT: Final = Path(__file__).parent.parent.parent
_LINE_LIMIT: Final = 64 * 1024 * 1024
_STOP_TIMEOUT: Final = 40.0
_TAIL_LINES: Final = 15
_TAIL_WIDTH: Final = 300


class PeerError(Exception):
    """A peer did not do its part: it died, stayed silent or computed something else."""


@attrs.frozen(kw_only=True)
class Milestone:
    """A line a peer printed, and what it had cost when the line arrived."""

    event: str
    at: float
    usage: Usage
    body: Mapping[str, Any]


class Process:
    """One peer process; use it as `async with await Process.start(...) as peer`."""

    def __init__(self, process: asyncio.subprocess.Process, *, log: Path, started: float) -> None:
        self._process = process
        self._log = log
        self.started = started
        self._kept: list[Milestone] = []

    @classmethod
    async def start(cls, argv: Sequence[str], *, kubeconfig: Path, log: Path) -> "Process":
        """Spawn a peer that finds a cluster and this checkout; stderr goes beside its log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        env = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(_ROOT)}
        started = asyncio.get_running_loop().time()
        with log.with_suffix(".stderr").open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                *argv,
                env=env,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                limit=_LINE_LIMIT,
            )
        return cls(process, log=log, started=started)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def usage(self) -> Usage:
        """What the peer has cost until now; one that has ended has no business being measured."""
        usage = usage_of(self.pid)
        if not usage.rss_mb:
            raise PeerError(f"the peer ended; {self._evidence()}")
        return usage

    async def wait_milestone(self, event: str, *, timeout: float) -> Milestone:
        """Return the next `event`, kept or coming; others met on the way are kept for later."""
        for index, kept in enumerate(self._kept):
            if kept.event == event:
                return self._kept.pop(index)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    milestone = await self._next()
                    if milestone.event == event:
                        return milestone
                    self._kept.append(milestone)
        except TimeoutError as error:
            raise PeerError(f"no {event!r} within {timeout:.0f} s; {self._evidence()}") from error

    async def ask(self, word: str, *, answer: str, timeout: float = 30) -> Milestone:
        """Send a command and return the milestone that answers it."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(f"{word}\n".encode())
        with suppress(ConnectionError):  # it ended: reading tells, with its last words
            await stdin.drain()
        return await self.wait_milestone(answer, timeout=timeout)

    def kill(self) -> None:
        """End it as a lost machine would: no goodbye."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end, as Kubernetes does."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    async def stop(self) -> int:
        """Ask it to end, insist after 40 s, and return its exit code."""
        self.terminate()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT):
                return await self._process.wait()
        except TimeoutError:
            self.kill()
            return await self._process.wait()

    async def _next(self) -> Milestone:
        stdout = self._process.stdout
        assert stdout is not None
        line = await stdout.readline()
        if not line:
            raise PeerError(f"the peer ended; {self._evidence()}")
        body: dict[str, Any] = json.loads(line)
        return Milestone(
            event=body["event"], at=body["t"] / 1e9, usage=usage_of(self.pid), body=body
        )

    def _evidence(self) -> str:
        lines: list[str] = []
        for path in (self._log.with_suffix(".stderr"), self._log):
            with suppress(FileNotFoundError):
                tail = path.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
                lines += [line[:_TAIL_WIDTH] for line in tail]
        return "its last lines:\n" + "\n".join(lines)
