"""The table on the README's first screen, written from the same figures as the page.

A newcomer sees medians side by side and, in the last two columns, what was promised and what came
of it; spreads, rounds and misses are on the page. Pure functions.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hack.bench.document import number
from hack.bench.peers import CONTROLLER_RUNTIME, KOPF, OURS

BEGIN: Final = "<!-- figures: written by `make bench` -->"
END: Final = "<!-- end of the figures -->"
_ROWS: Final = {
    "sync_10k": "10,000 objects: start to last reconcile",
    "sync_100k": "100,000 objects: the same",
    "status_10k": "10,000 status writes",
    "latency_100ps": "update → reconcile at 100/s",
    "fanout": "10,000 children built, deleted and restored",
    "failover": "clean hand-over to a standby",
    "idle": "10,000 cached, nothing happens for a minute",
    "penin_create": "500 PENIN-Ω clusters made (peer: Deployments and Services only)",
    "penin_resync": "the same 500 after a restart",
    "penin_change": "one setting of all 500 changed",
    "penin_idle": "500 settled, nothing happens for a minute",
}
_UNITS: Final = {
    "wall_s": ("wall", "s"),
    "cpu_s": ("CPU", "s"),
    "rss_mb": ("RSS", "MB"),
    "p50_ms": ("p50", "ms"),
    "p99_ms": ("p99", "ms"),
}
_HEAD: Final = ("", "", "ours", "controller-runtime", "kopf", "ratio", "to reach")


def replaced(text: str, result: Mapping[str, Any]) -> str:
    """Return the README with the table between its marks renewed.

    Raises:
        ValueError: If it has no such marks, or more than one pair.
    """
    marked = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.DOTALL)
    table = "\n".join(_lines(result))
    renewed, count = marked.subn(lambda _: f"{BEGIN}\n\n{table}\n\n{END}", text)
    if count != 1:
        raise ValueError(f"README.md has {count} places between {BEGIN} and {END}, not one")
    return renewed


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield _line(_HEAD)
    yield _line(("---",) * len(_HEAD))
    for scenario, title in _ROWS.items():
        wanted = [
            (verdict["metric"], verdict)
            for verdict in result["targets"]
            if (verdict["scenario"], verdict["against"]) == (scenario, CONTROLLER_RUNTIME)
        ]
        for row, (metric, verdict) in enumerate(wanted):
            name, unit = _UNITS[metric]
            peers = result["scenarios"][scenario]
            medians = (
                _told(peers, peer, metric, unit) for peer in (OURS, CONTROLLER_RUNTIME, KOPF)
            )
            reached = f"≤ {verdict['target']}" + ("" if verdict["met"] else " **missed**")
            ratio = f"{verdict['ratio']:.2f}"
            yield _line(("" if row else title, name, *medians, ratio, reached))


def _told(peers: Mapping[str, Any], peer: str, metric: str, unit: str) -> str:
    if metric not in peers.get(peer, {}):
        return "-"
    return f"{number(peers[peer][metric])} {unit}"


def _line(cells: tuple[str, ...]) -> str:
    return " ".join([*(f"| {cell}" if cell else "|" for cell in cells), "|"])
