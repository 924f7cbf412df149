"""What is foreseen for a scaler at a look: for its status, and for its decision.

Pure. A forecast acts only where all of these are so, and the status names the first that is not:
the metric can be read now, there is a model of less than a day ago, the last hour was measured,
there are pods, the score is better than its rivals', the mode is Active.
"""

import math
from typing import Final

import attrs
from msgspec import UNSET, UnsetType, structs

from informers.meta import int64
from informers.meta.duration import SECOND
from informers.meta.microtime import Time
from reconcilers.vertice.api.measured import Metric
from reconcilers.vertice.api.prediction import Outcome, PredictionStatus
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.listening import Figure, Workload, answered, name, tolerance
from reconcilers.vertice.scaler.prediction.model import LEAST, Model, Point
from reconcilers.vertice.scaler.prediction.plan import DAY
from reconcilers.vertice.scaler.prediction.score import Score
from reconcilers.vertice.scaler.words import pods, short

_DIGITS: Final = 4
_MILLI: Final = 1000


@attrs.frozen(kw_only=True)
class Outlook:
    """What is told, nothing where nothing is to be foreseen; and how many pods may be raised to."""

    told: PredictionStatus | UnsetType = UNSET
    replicas: int | None = None


@attrs.frozen(kw_only=True)
class Learnt:
    """What is known of a query: a model and the last hour, or why there is none.

    `lack` says what the history is short of, `failure` why it could not be read the last time.
    """

    model: Model | None = None
    last_hour: tuple[Point, ...] = ()
    lack: str = ""
    failure: str = ""

    def model_at(self, now: float) -> Model | None:
        """Return the model, as long as it is not too old."""
        model = self.model
        return model if model is not None and now - model.trained_at < DAY else None


@attrs.frozen(kw_only=True)
class _View:
    """What was found at a look, on the way to a word for it."""

    error: str
    learnt: Learnt
    model: Model | None
    most: Point | None
    replicas: int
    has_pods: bool
    is_active: bool


def outlook(
    scaler: VerticeScaler,
    metric: Metric,
    figure: Figure,
    workload: Workload,
    learnt: Learnt,
    *,
    now: float,
) -> Outlook:
    """Say what is foreseen of a metric, given what a look found it to be."""
    wanted, model = scaler.spec.prediction, learnt.model_at(now)
    most = None if model is None or figure.heard.error else model.most(learnt.last_hour, now)
    view = _View(
        error=figure.heard.error,
        learnt=learnt,
        model=model,
        most=most,
        replicas=0 if most is None else _replicas(scaler, metric, workload, most),
        has_pods=bool(workload.current),
        is_active=wanted is not UNSET and wanted.mode == "Active",
    )
    reason, message = _verdict(view)
    if model is not None and learnt.failure:
        message = f"{message}; the history could not be read again: {learnt.failure}"
    told = PredictionStatus(
        metric=short(name(metric)),
        acting=reason == "Acting",
        reason=reason,
        message=short(message),
    )
    if model is not None:
        told = _with_score(told, model)
    if most is not None:
        told = structs.replace(
            told,
            forecast=f"{most.value:g}",
            at=Time(int(most.at) * SECOND),
            replicas=view.replicas,
        )
    return Outlook(told=told, replicas=view.replicas if told.acting else None)


def _replicas(scaler: VerticeScaler, metric: Metric, workload: Workload, most: Point) -> int:
    """Return how many pods a forecast asks for: as many as if it were the answer of the query."""
    value = min(math.ceil(most.value * _MILLI), int64.MAX)
    figure = answered(metric, workload, value, tolerated=tolerance(scaler.spec.behavior))
    return figure.heard.replicas or 0


def _verdict(view: _View) -> tuple[Outcome, str]:
    """Say whether it acts, or the first reason why not."""
    if view.model is None or view.most is None:
        return _unknown(view)
    if not view.has_pods:
        return "NoPods", "what is foreseen wakes no workload that has no pods"
    score, asks = view.model.score, f"{view.most.value:g} is foreseen: {pods(view.replicas)}"
    if not score.is_better:
        return "NotBetter", f"{asks}; {_weakness(score)}, so it is only told"
    if not view.is_active:
        return "Preview", f"{asks}; it would act with prediction.mode Active"
    return "Acting", f"{asks}, unless more are asked for"


def _unknown(view: _View) -> tuple[Outcome, str]:
    """Say why nothing is foreseen."""
    learnt = view.learnt
    if view.error:
        return "MetricMissing", f"the metric cannot be read: {view.error}"
    if view.model is not None:
        return "MetricMissing", f"there are not {LEAST} measurements of the last hour yet"
    if learnt.failure:
        return "HistoryUnreadable", f"the history cannot be read: {learnt.failure}"
    if learnt.lack:
        return "NotEnoughHistory", learnt.lack
    return "Learning", "the history is being read"


def _weakness(score: Score) -> str:
    """Say which rival it does not beat."""
    rival = f"{score.naive:.4g} of the same time a season before"
    if score.plain < score.naive:
        rival = f"{score.plain:.4g} of a guess that knows no seasons"
    return f"its error of {score.error:.4g} is not a tenth below the {rival}"


def _with_score(told: PredictionStatus, model: Model) -> PredictionStatus:
    score = model.score
    return structs.replace(
        told,
        score=round(score.score, _DIGITS),
        error=_rounded(score.error),
        naive_error=_rounded(score.naive),
        plain_error=_rounded(score.plain),
        points=score.points,
        trained_at=Time(int(model.trained_at) * SECOND),
    )


def _rounded(number: float) -> float:
    """Return as many digits as say anything."""
    return float(f"{number:.{_DIGITS}g}")
