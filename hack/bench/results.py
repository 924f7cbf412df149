"""Samples become figures: medians, spread, ratios, and whether the targets are met. No I/O."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from hack.bench.catalogue import MICRO, MICRO_AIMS, Aim, Scenario, Target
from hack.bench.peers import OURS
from hack.bench.rig import Sample

_DIGITS: Final = 4

Figures = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Scenario → peer → metric → median; beside them `spread` and `rounds`."""


def summarise(rounds: Sequence[Sample]) -> dict[str, Any]:
    """Return the median of every metric, its lowest and highest value, and the raw rounds."""
    metrics = {key: [sample[key] for sample in rounds] for key in rounds[0]}
    return {
        **{key: round(statistics.median(values), _DIGITS) for key, values in metrics.items()},
        "spread": {
            key: [round(min(values), _DIGITS), round(max(values), _DIGITS)]
            for key, values in metrics.items()
        },
        "rounds": [
            {key: round(value, _DIGITS) for key, value in sample.items()} for sample in rounds
        ],
    }


@attrs.frozen(kw_only=True)
class Verdict:
    """A target beside what was measured."""

    scenario: str
    target: Target
    ratio: float

    @property
    def met(self) -> bool:
        """Whether the promise holds in this run."""
        return self.ratio <= self.target.ratio

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in the JSON file."""
        return {
            "scenario": self.scenario,
            "metric": self.target.metric,
            "against": self.target.peer,
            "target": self.target.ratio,
            "ratio": round(self.ratio, 3),
            "met": self.met,
        }


def judge_aims(
    scenarios: Iterable[Scenario], figures: Figures, *, micro: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Hold our own medians against what they are to be, as it stands in the JSON file."""
    measured = [
        *((each.name, each.aims, figures.get(each.name, {}).get(OURS, {})) for each in scenarios),
        *((f"{MICRO} {name}", aims, micro.get(name, {})) for name, aims in MICRO_AIMS.items()),
    ]
    return [
        _judged(name, aim, taken[aim.metric])
        for name, aims, taken in measured
        for aim in aims
        if aim.metric in taken
    ]


def _judged(name: str, aim: Aim, value: float) -> dict[str, Any]:
    return {
        "scenario": name,
        "metric": aim.metric,
        "aim": aim.limit,
        "at_least": aim.at_least,
        "value": value,
        "met": aim.is_met(value),
    }


def merge(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Put several runs together: of a scenario that was run twice, the later run counts.

    Peers are compared within a run only, so a scenario is taken whole, with its verdicts.
    """
    merged: dict[str, Any] = {"scenarios": {}, "targets": [], "aims": []}
    for result in results:
        again = {*result["scenarios"], *(f"{MICRO} {name}" for name in result.get(MICRO, ()))}
        scenarios = {**merged["scenarios"], **result["scenarios"]}
        verdicts = {
            key: [*(old for old in merged[key] if old["scenario"] not in again), *result[key]]
            for key in ("targets", "aims")
        }
        merged = {**merged, **result, "scenarios": scenarios, **verdicts}
    return merged


def judge(scenarios: Iterable[Scenario], figures: Figures) -> list[Verdict]:
    """Hold our medians against those of the peers that ran in the same run."""
    return [
        Verdict(scenario=scenario.name, target=target, ratio=ratio)
        for scenario in scenarios
        for target in scenario.targets
        if (ratio := ratio_of(figures.get(scenario.name, {}), target)) is not None
    ]


def ratio_of(peers: Mapping[str, Mapping[str, Any]], target: Target) -> float | None:
    """Return ours divided by the peer's, if both were measured."""
    ours = peers.get(OURS, {}).get(target.metric)
    theirs = peers.get(target.peer, {}).get(target.metric)
    return ours / theirs if ours is not None and theirs else None
