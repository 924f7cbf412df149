"""What Prometheus is told of each scaler: its cached state when it scrapes, and what was counted.

A standby tells the same as the leader, but for what is counted (`counts`): it neither looks nor
changes anything. The other figures are as old as the status, up to a minute.
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

from controller.runtime.obs.cached import CachedFigures, Labels, Read
from controller.runtime.obs.declared import Declared, Told
from controller.runtime.pause import is_paused
from controller.runtime.registration import Figures
from controller.runtime.runtime import Runtime
from informers.lister import Lister
from informers.meta.codec import decoder
from informers.meta.conditions import Condition
from informers.meta.errors import UNREADABLE, QuantityError
from informers.meta.quantity import Quantity
from informers.snapshot import Snapshot
from reconcilers.vertice import exported
from reconcilers.vertice.api.decision import CurrentMetric
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.counts import Counts
from reconcilers.vertice.scaler.status import ACTIVE

MISSING: Final = "MetricsMissing"
_TRUTH: Final = {"True": 1.0, "False": 0.0}


class _Spec(Struct, frozen=True, rename="camel"):
    max_replicas: int
    min_replicas: int = 1
    pause: Literal["None", "Up", "Down", "Both"] = "None"
    preview: bool = False


class _Prediction(Struct, frozen=True, rename="camel"):
    acting: bool
    forecast: str | UnsetType = UNSET
    replicas: int | UnsetType = UNSET
    score: float | UnsetType = UNSET


class _Status(Struct, frozen=True, rename="camel"):
    current_replicas: int | UnsetType = UNSET
    desired_replicas: int | UnsetType = UNSET
    current_metrics: tuple[CurrentMetric, ...] = ()
    prediction: _Prediction | UnsetType = UNSET
    conditions: tuple[Condition, ...] = ()


class _Seen(Struct, frozen=True):
    """As much of a scaler as figures are made of."""

    spec: _Spec
    status: _Status = _Status()


_SEEN: Final = decoder(_Seen)


def read(snapshot: Snapshot) -> Read:
    """Return what is to be told of one scaler; of one that makes no sense nothing."""
    try:
        seen = _SEEN.decode(snapshot.raw)
    except UNREADABLE:
        return ()
    spec, status = seen.spec, seen.status
    stopped = {"Up", "Down", "Both"} if is_paused(snapshot) else {spec.pause}
    is_missing = any(
        each.type == ACTIVE and each.status == "False" and each.reason == MISSING
        for each in status.conditions
    )
    return (
        (exported.MIN, (), float(spec.min_replicas)),
        (exported.MAX, (), float(spec.max_replicas)),
        (exported.PAUSED, ("up",), float(not stopped.isdisjoint({"Up", "Both"}))),
        (exported.PAUSED, ("down",), float(not stopped.isdisjoint({"Down", "Both"}))),
        (exported.PREVIEW, (), float(spec.preview)),
        (exported.MISSING, (), float(is_missing)),
        *_replicas(status),
        *_metrics(status.current_metrics),
        *_prediction(status.prediction),
        *(
            (exported.CONDITION, (each.type,), _TRUTH[each.status])
            for each in status.conditions
            if each.status in _TRUTH
        ),
    )


def _replicas(status: _Status) -> Iterator[tuple[Declared, Labels, float]]:
    if status.current_replicas is not UNSET:
        yield exported.CURRENT, (), float(status.current_replicas)
    if status.desired_replicas is not UNSET:
        yield exported.DESIRED, (), float(status.desired_replicas)


def _metrics(metrics: tuple[CurrentMetric, ...]) -> Iterator[tuple[Declared, Labels, float]]:
    """Tell each metric by its place: a spec may have two that are called the same."""
    for position, metric in enumerate(metrics):
        labels = (str(position), metric.type, "" if metric.name is UNSET else metric.name)
        for declared, text in (
            (exported.VALUE, metric.current),
            (exported.TARGET, metric.target),
        ):
            amount = None if text is UNSET else number(text)
            if amount is not None:
                yield declared, labels, amount


def _prediction(
    foreseen: _Prediction | UnsetType,
) -> Iterator[tuple[Declared, Labels, float]]:
    if foreseen is UNSET:
        return
    yield exported.ACTING, (), float(foreseen.acting)
    forecast = None if foreseen.forecast is UNSET else number(foreseen.forecast)
    for declared, value in (
        (exported.FORECAST, forecast),
        (exported.PREDICTED, foreseen.replicas),
        (exported.SCORE, foreseen.score),
    ):
        if value is not None and value is not UNSET:
            yield declared, (), float(value)


def number(text: str) -> float | None:
    """Return the number that an amount for people begins with, such as 84% or 100m per pod."""
    try:
        return Quantity.parse(text.removesuffix(" per pod").removesuffix("%")).as_float()
    except QuantityError:
        return None


def of_scalers(scalers: Lister[VerticeScaler], counts: Counts) -> CachedFigures:
    """Return the figures of all scalers: as the cache shows them, and as was counted."""

    def counted(snapshot: Snapshot) -> Read:
        count = counts.read(snapshot)
        return (
            (exported.EVENTS, ("up",), float(count.up)),
            (exported.EVENTS, ("down",), float(count.down)),
            (exported.LOOKS, (), float(count.looks)),
        )

    return CachedFigures(scalers, exported.OF_SCALERS, read=read, beside=counted)


def gauges(runtime: Runtime) -> Callable[[], Told]:
    """Return what reads them, from the cache that the controller has anyway."""
    return of_scalers(runtime.lister(VerticeScaler), Counts.of(runtime))


FIGURES: Final = Figures(declared=exported.OF_SCALERS, reader=gauges)
"""For the family's registration."""
