"""What one metric of a spec says, given what was read: how many pods it asks for, or why nothing.

Pure functions from readings to `Heard`. The arithmetic is that of `proposals`; what is here is
which of it the fields of a metric mean, and how figures are written for people: per cent of what
is requested, amounts per pod, plain numbers.
"""

from collections.abc import Mapping
from typing import Final

import attrs
from msgspec import UNSET, UnsetType

from informers.meta.quantity import MILLI, Quantity
from reconcilers.vertice.api.behavior import Behavior, ScalingRules
from reconcilers.vertice.api.measured import ExternalMetric, Metric, MetricTarget
from reconcilers.vertice.scaler.groups import Patience, Sample, grouped
from reconcilers.vertice.scaler.proposals import (
    NoProposal,
    Proposal,
    Tolerance,
    by_average,
    by_utilization,
    by_value,
    by_value_per_pod,
)
from reconcilers.vertice.scaler.reading.pods import Measured, MissingRequest, Pod, facts, requested
from reconcilers.vertice.scaler.thousandths import is_aim
from reconcilers.vertice.scaler.votes import Heard

DEFAULT_TOLERANCE: Final = 0.1
NOT_AN_AIM: Final = "what is aimed at is not between 0.001 and 9.2e15: set another target"
NO_SELECTOR: Final = (
    "the target's scale has no selector that tells its pods from others: its definition needs "
    "subresources.scale.labelSelectorPath, and its status a selector there; or listen to an "
    "external metric"
)
_LETTERS: Final = 120


@attrs.frozen(kw_only=True)
class Workload:
    """A workload at a moment: how many pods it is to have, how many it has, and which those are.

    `is_selecting` says whether its selector tells its pods from others, so that they are known.
    """

    current: int
    shown: int
    pods: tuple[Pod, ...] = ()
    selector: str = ""
    is_selecting: bool = True

    @property
    def ready(self) -> int:
        """How many of its pods run and are ready; all that it has, where they are not known."""
        if not self.is_selecting:
            return self.shown
        return sum(facts(pod).is_serving for pod in self.pods)


@attrs.frozen(kw_only=True)
class Figure:
    """What was heard of a metric, and how that is written; `value` is the answer of a query."""

    heard: Heard
    target: str
    current: str = ""
    value: int | None = None


def name(metric: Metric) -> str:
    """Say which metric it is, in a few words."""
    if metric.external is not UNSET:
        return f"external {_shortened(metric.external.query)}"
    if metric.custom is not UNSET:
        of = metric.custom.object
        where = "" if of is UNSET else f" of {of.kind} {of.name}"
        return f"custom {metric.custom.name}{where}"
    where = "" if metric.container is UNSET else f" of container {metric.container}"
    return f"{metric.type}{where}"


def tolerance(behavior: Behavior | UnsetType) -> Tolerance:
    """Return how far a ratio may be from 1."""
    if behavior is UNSET:
        return Tolerance()
    return Tolerance(down=_tolerated(behavior.scale_down), up=_tolerated(behavior.scale_up))


def unheard(metric: Metric, why: str) -> Figure:
    """Return that a metric could not be read."""
    is_trigger = metric.external is not UNSET
    heard = Heard(name=name(metric), error=why, is_trigger=is_trigger)
    return Figure(heard=heard, target=aim(metric))


def used(
    metric: Metric,
    workload: Workload,
    samples: Mapping[str, Sample],
    *,
    tolerated: Tolerance,
    now: int,
) -> Figure:
    """Return what cores, bytes, or a custom metric of each pod say."""
    resource: Measured = "cpu" if metric.type == "cpu" else "memory"
    groups = grouped(
        map(facts, workload.pods),
        samples,
        is_cpu=resource == "cpu",
        now=now,
        patience=Patience(),
    )
    target = _target(metric)
    try:
        if target.average_utilization is not UNSET:
            container = "" if metric.container is UNSET else metric.container
            proposal = by_utilization(
                workload.current,
                target.average_utilization,
                samples,
                requests=requested(workload.pods, resource, container),
                groups=groups,
                tolerance=tolerated,
            )
        else:
            proposal = by_average(
                workload.current,
                _aimed(_amount(target)),
                samples,
                groups=groups,
                tolerance=tolerated,
            )
    except (NoProposal, MissingRequest) as error:
        return unheard(metric, str(error))
    return _figure(metric, proposal, current=_measured(target, proposal))


def observed(metric: Metric, workload: Workload, value: int, *, tolerated: Tolerance) -> Figure:
    """Return what a custom metric of one object, in thousandths, says."""
    target = _target(metric)
    try:
        amount = _aimed(_amount(target))
    except NoProposal as error:
        return unheard(metric, str(error))
    if target.value is not UNSET:
        proposal = by_value(
            workload.current, amount, value, ready=workload.ready, tolerance=tolerated
        )
        return _figure(metric, proposal, current=_written(value, target))
    proposal = by_value_per_pod(workload.shown, amount, value, tolerance=tolerated)
    return _figure(metric, proposal, current=f"{_written(proposal.average, target)} per pod")


def answered(metric: Metric, workload: Workload, value: int, *, tolerated: Tolerance) -> Figure:
    """Return what the answer of a query, in thousandths, says."""
    query = _query(metric)
    try:
        target = _aimed(Quantity.parse(query.target))
    except NoProposal as error:
        return unheard(metric, str(error))
    is_active = Quantity(value, MILLI) > Quantity.parse(query.activation)
    if query.target_type == "Value":
        proposal = by_value(
            workload.current, target, value, ready=workload.ready, tolerance=tolerated
        )
        current = _plain(value)
    else:
        proposal = by_value_per_pod(workload.shown, target, value, tolerance=tolerated)
        current = f"{_plain(proposal.average)} per pod" if workload.shown else _plain(value)
    figure = _figure(metric, proposal, current=current, is_active=is_active)
    return attrs.evolve(figure, value=value)


def aim(metric: Metric) -> str:
    """Write what is aimed at."""
    if metric.external is not UNSET:
        per_pod = metric.external.target_type == "AverageValue"
        return f"{metric.external.target} per pod" if per_pod else metric.external.target
    target = _target(metric)
    if target.average_utilization is not UNSET:
        return f"{target.average_utilization}%"
    return str(target.value) if target.average_value is UNSET else f"{target.average_value} per pod"


def _figure(
    metric: Metric, proposal: Proposal, *, current: str, is_active: bool | None = None
) -> Figure:
    heard = Heard(
        name=name(metric),
        replicas=proposal.replicas,
        ratio=proposal.ratio,
        is_trigger=metric.external is not UNSET,
        is_active=is_active,
    )
    return Figure(heard=heard, target=aim(metric), current=current)


def _measured(target: MetricTarget, proposal: Proposal) -> str:
    if target.average_utilization is not UNSET:
        return f"{proposal.utilization}%"
    return f"{_written(proposal.average, target)} per pod"


def _written(thousandths: int, target: MetricTarget) -> str:
    """Write an amount as its target is written: bytes in powers of two where that is in them."""
    like = target.average_value if target.value is UNSET else target.value
    style = "DecimalSI" if like is UNSET else like.style
    return str(Quantity(thousandths, MILLI, style=style))


def _plain(thousandths: int) -> str:
    return f"{thousandths / 1000:g}"


def _amount(target: MetricTarget) -> Quantity:
    found = target.average_value if target.value is UNSET else target.value
    assert found is not UNSET, "the schema wants one of the three"
    return found


def _aimed(amount: Quantity) -> int:
    """Return an aim in thousandths."""
    if not is_aim(amount):
        raise NoProposal(NOT_AN_AIM)
    return amount.milli_value()


def _target(metric: Metric) -> MetricTarget:
    assert metric.target is not UNSET, "the schema wants a target but for queries"
    return metric.target


def _query(metric: Metric) -> ExternalMetric:
    assert metric.external is not UNSET, "the schema wants a query"
    return metric.external


def _tolerated(rules: ScalingRules) -> float:
    return DEFAULT_TOLERANCE if rules.tolerance is UNSET else rules.tolerance


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LETTERS else f"{words[: _LETTERS - 1]}…"
