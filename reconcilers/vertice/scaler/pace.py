"""When a scaler is looked at next: every quarter of a minute, however late the last look was.

A pause after each look would make a period longer by whatever the look had waited, and under load
a look would be missed now and then. So looks have a time each, like the strokes of a clock: one
that is late shortens the pause to the next, and one that something else called for moves nothing.
"""

from typing import Final

import attrs

PERIOD: Final = 15.0
SOON: Final = 1.0


@attrs.define
class Pace:
    """The next look at each scaler, in seconds of a monotonic clock."""

    _due: dict[str, float] = attrs.field(factory=dict)

    def pause(self, key: str, *, began: float, now: float) -> float:
        """Return how long until the next look, after one that began then and has ended now."""
        due = self._due.get(key, began)
        if began - due >= PERIOD:
            due = began  # that stroke is over: what was missed is not made up for
        if began >= due:
            due += PERIOD
        self._due[key] = due
        return max(SOON, due - now)

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone."""
        self._due.pop(key, None)
