"""A candidate in a process of its own: it stands, leads, and says when.

Times are of CLOCK_BOOTTIME, which all processes of a machine share, so a test can compare them
with its own. Lines on standard output: `leading SECONDS`, `ended OUTCOME SECONDS`. A line on
standard input, or its end, makes it release.

    with candidate(url_or_kubeconfig, **durations) as rival:
        rival.wait("leading")
"""

import asyncio
import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.elector import Elector
from controller.runtime.election.fence import CandidacyEnded, boottime
from informers.connection import Connection, connect

ROOT = Path(__file__).parents[2]


class Candidate:
    """The test's end of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[list[str]] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait(self, event: str, *, within: float = 30.0) -> list[str]:
        """Wait for a line that begins like this; return its other words."""
        while True:
            word, *rest = self._lines.get(timeout=within)
            if word == event:
                return rest

    def events(self) -> list[list[str]]:
        """What it has said that nobody waited for."""
        return [self._lines.get_nowait() for _ in range(self._lines.qsize())]

    def release(self) -> None:
        """Have it give back the lease and end."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def end(self) -> None:
        """Leave nothing."""
        self.release()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._reader.join(5)
        self.process.stdout.close()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line.split())


@contextlib.contextmanager
def candidate(
    server: str | Path, *, namespace: str = "n", **durations: float
) -> Iterator[Candidate]:
    """Start one and wait until it stands."""
    options = json.dumps({"name": "l", "namespace": namespace, **durations})
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.election_candidate", str(server), options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    it = Candidate(process)
    try:
        it.wait("standing")
        yield it
    finally:
        it.end()


async def stand(server: str, options: dict[str, Any]) -> None:
    """Stand until told to stop, or until it is over."""
    config = ElectionConfig(**options)
    is_plain = server.startswith("http:")
    connection = Connection(server=server) if is_plain else await connect(kubeconfig=server)
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    threading.Thread(
        target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(told.set)), daemon=True
    ).start()
    async with Elector(config, connection) as elector, asyncio.TaskGroup() as group:
        say("standing")
        group.create_task(say_when_leading(elector))
        release = group.create_task(release_when_told(elector, told))
        ended = await elector.wait_lost()
        say("ended", ended.outcome.value, boottime())
        release.cancel()


async def say_when_leading(elector: Elector) -> None:
    """Tell the moment from which this process may write."""
    with contextlib.suppress(CandidacyEnded):
        await elector.wait_leading()
        say("leading", boottime())


async def release_when_told(elector: Elector, told: asyncio.Event) -> None:
    """Give back."""
    await told.wait()
    await elector.release()


def say(*words: object) -> None:
    """One line, at once."""
    print(*words, flush=True)


if __name__ == "__main__":
    asyncio.run(stand(sys.argv[1], json.loads(sys.argv[2])))
