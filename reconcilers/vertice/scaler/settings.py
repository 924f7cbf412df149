"""What the spec of a scaler means to the arithmetic: periods in nanoseconds, defaults filled in.

The defaults are those of `autoscaling/v2`, field by field: rules that name no policy have the usual
ones, and a window that is not given is 0 up and 300 seconds down.
"""

from msgspec import UNSET, UnsetType

from reconcilers.vertice.api.behavior import Behavior, Fallback, HourlyLimits, ScalingRules
from reconcilers.vertice.api.measured import Metric
from reconcilers.vertice.scaler.decision import Hourly
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.normal import DOWN, DOWN_WINDOW, UP, Behaviour
from reconcilers.vertice.scaler.rates import Policy, Rules
from reconcilers.vertice.scaler.votes import Absence


def behaviour(wanted: Behavior | UnsetType) -> Behaviour | None:
    """Return how fast it may change; None has rules of its own."""
    if wanted is UNSET:
        return None
    return Behaviour(up=_rules(wanted.scale_up, UP), down=_rules(wanted.scale_down, DOWN))


def down_window(wanted: Behaviour | None) -> int:
    """Return for how long a metric has to be whole again before it lowers anything."""
    return DOWN_WINDOW if wanted is None else wanted.down.window


def absence(metric: Metric, fallback: Fallback | UnsetType) -> Absence:
    """Return what it means that a metric cannot be read."""
    if fallback is UNSET:
        return Absence(means=metric.on_missing)
    return Absence(
        means=metric.on_missing, replicas=fallback.replicas, after=fallback.failure_threshold
    )


def hourly(wanted: HourlyLimits) -> Hourly:
    """Return what may come and go within an hour."""
    return Hourly(
        up=None if wanted.up is UNSET else wanted.up,
        down=None if wanted.down is UNSET else wanted.down,
    )


def _rules(wanted: ScalingRules, usual: Rules) -> Rules:
    window = wanted.stabilization_window
    policies = tuple(
        Policy(type=each.type, value=each.value, period=each.period * SECOND)
        for each in wanted.policies
    )
    return Rules(
        window=usual.window if window is UNSET else window * SECOND,
        policies=policies or usual.policies,
        select=wanted.select_policy,
    )
