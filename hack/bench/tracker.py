"""The peer's side of the protocol, for peers written in Python.

A peer is a process that prints JSON lines on stdout (`event`, `t` in nanoseconds of
CLOCK_MONOTONIC, which all processes of a machine share), takes one-word commands on stdin (`sum`,
`report`, `resync`) and ends when its input ends. `controller-runtime/tracker.go` is the same in
Go. Light on purpose: what it costs is counted as the peer's own cost.
"""

import json
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any


class Tracker:
    """Which Widgets were reconciled, with which checksum, and when."""

    def __init__(self, *, expected: int, record: bool = False) -> None:
        self._expected = expected
        self._record = record
        self._seen = bytearray(expected)
        self._sums = array("Q", bytes(8 * expected))
        self._done = 0
        self._reconciles = 0
        self._round = 0
        self._times: list[tuple[int, int]] = []

    def say(self, event: str, **more: Any) -> None:  # noqa: ANN401 - any JSON value
        """Print one line of the protocol."""
        sys.stdout.write(json.dumps({"event": event, "t": time.monotonic_ns(), **more}) + "\n")
        sys.stdout.flush()

    def reconciled(self, name: str, checksum: int, seq: int) -> None:
        """Note one finished reconcile of the Widget whose name ends in its index."""
        index = int(name[-6:])
        if index >= self._expected:
            return
        self._reconciles += 1
        self._sums[index] = checksum
        if self._record:
            self._times.append((seq, time.monotonic_ns()))
        if self._round:
            self._round -= 1
            if not self._round:
                self.say("resynced")
        if not self._seen[index]:
            self._seen[index] = 1
            self._first(self._done + 1)

    def command(self, word: str, *, resync: Callable[[], None] | None = None) -> None:
        """Answer one line of input."""
        match word.strip():
            case "sum":
                self.say("sum", checksum=sum(self._sums), reconciles=self._reconciles)
            case "report":
                self.say(
                    "report",
                    checksum=sum(self._sums),
                    reconciles=self._reconciles,
                    times=self._times,
                )
            case "resync" if resync is not None:
                self._round = self._expected
                resync()
            case unknown:
                self.say("refused", command=unknown)

    def _first(self, done: int) -> None:
        self._done = done
        if done == 1:
            self.say("first_reconcile")
        if done == self._expected:
            self.say("reconciled_all", checksum=sum(self._sums))
