"""`/livez` and `/readyz`: named checks, answered without the event loop.

A check returns why it fails, or nothing. `livez` asks whether a restart would help: that is when
the loop has been silent for `LIVE_SECONDS`. Shorter blocks pass by themselves and cost less than a
restart with its lists. `readyz` asks whether this replica can do its work, standby or not.

`?verbose` names every check, `/readyz/NAME` asks one alone, `?exclude=NAME` leaves one out.
"""

from collections.abc import Callable
from typing import Final

from controller.runtime.obs.answer import Answer, Ask, say

LIVE_SECONDS: Final = 30.0
Check = Callable[[], str]


class Probes:
    """The checks of one program; add to `live` and `ready` by name."""

    def __init__(self) -> None:
        self.live: dict[str, Check] = {}
        self.ready: dict[str, Check] = {}

    def answer(self, ask: Ask) -> Answer:
        """Run the checks that are asked for."""
        _, probe, *names = ask.path.split("/")
        checks = {"livez": self.live, "healthz": self.live, "readyz": self.ready}.get(probe)
        if checks is None or len(names) > 1 or (names and names[0] not in checks):
            return say("not found: ask /livez or /readyz", code=404)
        excluded = ask.query.get("exclude")
        wanted = names or [name for name in list(checks) if name != excluded]
        return _verdict(
            probe, {name: checks[name]() for name in wanted}, verbose="verbose" in ask.query
        )


def _verdict(probe: str, results: dict[str, str], *, verbose: bool) -> Answer:
    failed = any(results.values())
    if not failed and not verbose:
        return say("ok")
    lines = [
        f"[-]{name} failed: {why}" if why else f"[+]{name} ok" for name, why in results.items()
    ]
    lines.append(f"{probe} check {'failed' if failed else 'passed'}")
    return say("\n".join(lines), code=503 if failed else 200)
