"""The figures as a picture: every median as a ratio to controller-runtime's, on a log scale."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hack.bench.peers import CONTROLLER_RUNTIME, KOPF, OURS

_METRICS: Final = {
    "wall_s": "wall",
    "cpu_s": "CPU",
    "rss_mb": "RSS",
    "p50_ms": "p50",
    "p99_ms": "p99",
}
_GIVEN: Final = {("latency_100ps", "wall_s"), ("idle", "wall_s"), ("penin_idle", "wall_s")}
"""How long these run is set by the harness, the same for every peer."""
_COLOURS: Final = {OURS: "#1b7f5c", KOPF: "#b9b3a4"}
_TICKS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)


def ratios(result: Mapping[str, Any], peer: str) -> dict[str, float]:
    """Return a peer's medians divided by controller-runtime's, by `scenario metric`."""
    found = {}
    for scenario, peers in result["scenarios"].items():
        reference, figures = peers.get(CONTROLLER_RUNTIME, {}), peers.get(peer, {})
        for metric, label in _METRICS.items():
            is_measured = (scenario, metric) not in _GIVEN
            if is_measured and reference.get(metric) and figures.get(metric):
                found[f"{scenario}  {label}"] = figures[metric] / reference[metric]
    return found


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Write the picture as SVG, the same bytes for the same figures."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only a full run has to spend

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "pentad"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    series = {peer: ratios(result, peer) for peer in _COLOURS}
    labels = list(dict.fromkeys(label for values in series.values() for label in values))
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.3 * len(labels)), layout="constrained")
    for offset, (peer, values) in enumerate(series.items()):
        at = [labels.index(label) + (offset - 0.5) * 0.38 for label in values]
        found = list(values.values())
        widths = [value - 1 for value in found]
        bars = axes.barh(at, widths, left=1, height=0.36, color=_COLOURS[peer], label=peer)
        axes.bar_label(bars, [f" {value:.2f} " for value in found], fontsize=7)
    axes.axvline(1.0, color="#333333", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    axes.set_xlim(0.2, 8)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("ratio to controller-runtime: bars to the left are better than it")
    axes.legend(loc="lower right")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
