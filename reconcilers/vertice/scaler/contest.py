"""Whether somebody sets back what a scaler writes, each time that it does.

A tool that applies a manifest with a number of pods in it knows nothing of a scaler, and neither of
the two can be seen to be wrong by what it does once. So what is counted is how often a workload has
the very number again that it had before it was scaled, shortly after that. People who change a
number do not do so three times within ten minutes.
"""

from collections import deque
from typing import Final

import attrs

WITHIN: Final = 600.0
TIMES: Final = 3


@attrs.define
class _Scaled:
    """The last change of a workload, and when earlier ones were set back."""

    before: int
    after: int
    at: float
    is_open: bool = True
    backs: deque[float] = attrs.field(factory=lambda: deque(maxlen=TIMES))


class Contests:
    """What was written for each scaler, and what became of it."""

    def __init__(self) -> None:
        self._scaled: dict[str, _Scaled] = {}

    def wrote(self, key: str, before: int, after: int, now: float) -> None:
        """Remember a change."""
        known = self._scaled.get(key)
        backs = deque[float](maxlen=TIMES) if known is None else known.backs
        self._scaled[key] = _Scaled(before, after, now, backs=backs)

    def set_back(self, key: str, current: int, now: float) -> str:
        """Say what is set back again and again; nothing if that is not so, or was just said."""
        known = self._scaled.get(key)
        if known is None or not known.is_open or current != known.before:
            return ""
        if now - known.at > WITHIN:
            return ""
        known.is_open = False
        known.backs.append(now)
        if len(known.backs) < TIMES or now - known.backs[0] > WITHIN:
            return ""
        known.backs.clear()
        return (
            f"from {known.after} to {current} pods: somebody set the number back {TIMES} times "
            f"within {WITHIN / 60:g} minutes, so leave spec.replicas out of what is applied, or "
            "delete this scaler"
        )

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone."""
        self._scaled.pop(key, None)
