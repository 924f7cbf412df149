"""How the stand-in behaves, and who may say so: its release, its settings, or a request.

A release misbehaves if one of the words below is in its tag, as in `0.9.1-bad`; settings do if a
value is out of reason. Both are rules that a test can rely on without reaching a pod. A request can
change everything at run time.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

GAUGES: Final = {
    "penin_alpha": 0.7828,
    "penin_delta_linf": 0.05,
    "penin_caos_plus": 3.9045,
    "penin_sr_score": 0.8668,
}
"""The values of the specification's example; nothing computes them here."""

UNWELL: Final = {"penin_alpha": 0.1, "penin_delta_linf": -0.2, "penin_sr_score": 0.2}
_HIGHEST_BOOST: Final = 0.5
_HIGHEST_ECE: Final = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How it answers.

    `health` is the status of /health, `errors` the share of /work that fails, `delay` what /work
    takes longer, in seconds. With `hang` nothing is answered, with `crash` the process ends. Gauges
    in `metrics` have these values; null takes one away. `gates` fail once in each cycle.
    """

    health: int = 200
    hang: bool = False
    crash: bool = False
    errors: float = 0.0
    delay: float = 0.0
    metrics: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    gates: tuple[str, ...] = ()

    def gauges(self) -> dict[str, float]:
        """Return the gauges that are shown."""
        return {name: value for name, value in (GAUGES | self.metrics).items() if value is not None}

    def changed(self, asked: Mapping[str, Any]) -> "Behaviour":
        """Return it with what was asked for; what is not named stays."""
        for name, value in asked.items():
            if name not in _ACCEPTS:
                raise ValueError(f"there is no {name!r}: use {', '.join(_ACCEPTS)}")
            if not _ACCEPTS[name](value):
                raise ValueError(f"{name} cannot be {value!r}")
        return dataclasses.replace(
            self, **{name: tuple(v) if name == "gates" else v for name, v in asked.items()}
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _is_gauges(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in GAUGES and (each is None or _is_number(each)) for name, each in value.items()
    )


_ACCEPTS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "health": lambda value: isinstance(value, int) and 200 <= value < 600,
    "hang": lambda value: isinstance(value, bool),
    "crash": lambda value: isinstance(value, bool),
    "errors": _is_share,
    "delay": lambda value: _is_number(value) and 0 <= value <= 60,
    "metrics": _is_gauges,
    "gates": lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value),
}

OF_RELEASE: Final[Mapping[str, Mapping[str, Any]]] = {
    "bad": {"health": 503},
    "crash": {"crash": True},
    "hang": {"hang": True},
    "errors": {"errors": 0.5},
    "slow": {"delay": 0.2},
    "worse": {"metrics": UNWELL},
    "blind": {"metrics": dict.fromkeys(GAUGES)},
}
"""What a word in a tag means."""


def of(release: str, settings: Mapping[str, Any]) -> Behaviour:
    """Return how a release behaves at first under the settings of its file."""
    found = Behaviour()
    for word in re.split(r"[^a-z]+", release.lower()):
        found = found.changed(OF_RELEASE.get(word, {}))
    config = settings.get("config", {})
    if config.get("budgetDailyUsd", 1) == 0:  # nothing may be spent: it refuses to work
        found = found.changed({"health": 503})
    if config.get("caosPlus", {}).get("maxBoost", 0) > _HIGHEST_BOOST:
        found = found.changed({"errors": 0.5, "metrics": UNWELL})
    if config.get("sigmaGuard", {}).get("eceThreshold", 0) > _HIGHEST_ECE:
        found = found.changed({"gates": ["ece"]})
    return found
