"""What a VerticeScaler foresees: what the spec says of it, and what is told of how good it is.

Docstrings become the CRD's descriptions. After a change: `make generate`.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.crd import Rule
from informers.meta.duration import Duration
from informers.meta.microtime import Time
from reconcilers.vertice.api.decision import Text
from reconcilers.vertice.api.lengths import timed
from reconcilers.vertice.api.measured import MOST_METRICS

LEAST_DAYS: Final = 3
MOST_DAYS: Final = 56
Season = Literal["1d", "7d"]
Outcome = Literal[
    "Acting",
    "Preview",
    "NotBetter",
    "NotEnoughHistory",
    "HistoryUnreadable",
    "Learning",
    "MetricMissing",
    "NoPods",
]


class Prediction(Struct, frozen=True, kw_only=True, rename="camel"):
    """A forecast of one query from its own history, which may raise the number and never lowers it.

    It acts only while it is better than what was measured a season ago, and than plain guesses.
    """

    mode: Literal["Preview", "Active"] = "Preview"
    """Whether it is only told what is foreseen, or raises the number where it may."""
    metric: Annotated[int, Meta(ge=0, lt=MOST_METRICS)] | UnsetType = UNSET
    """The place of its metric in spec.metrics, the first being 0; needed where several are
    external."""
    season: Season = "7d"
    """After how long the load is alike again: a week has its days, a day only its hours. In UTC."""
    history_days: Annotated[int, Meta(ge=LEAST_DAYS, le=MOST_DAYS)] = 28
    """How many days of the past are asked for; at least three seasons."""
    lookahead: Annotated[Duration, Meta(examples=["10m"])] = Duration.parse("10m")
    """How long before they are needed pods have to be there; from 1m to 6h."""


class PredictionStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is foreseen, how good that was on days it did not know, and whether it acts."""

    metric: Text
    """Of what, in words."""
    acting: bool
    """Whether it may raise the number now."""
    reason: Outcome
    """Why, or why not, in a word."""
    message: Text
    """The same as a sentence."""
    forecast: Text | UnsetType = UNSET
    """The most that the query is foreseen to answer until the end of the lookahead."""
    at: Time | UnsetType = UNSET
    """When that is."""
    replicas: int | UnsetType = UNSET
    """How many pods that asks for."""
    score: float | UnsetType = UNSET
    """1 - error / naiveError: 0 is as good as the same time a season ago, 1 is without an error."""
    error: float | UnsetType = UNSET
    """By how much forecasts were wrong, on the average of the part of history they did not know."""
    naive_error: float | UnsetType = UNSET
    """By how much what was a season before would have been."""
    plain_error: float | UnsetType = UNSET
    """By how much the best guess without seasons would have been: as now, as lately, as usual."""
    points: int | UnsetType = UNSET
    """How many forecasts that is the average of."""
    trained_at: Time | UnsetType = UNSET
    """Until when the history went that it was learned from."""


_CHOSEN: Final = "self.metrics[self.prediction.metric]"
_WHICH: Final = (
    "a prediction goes by the history of one query: say in prediction.metric the place of an "
    "external metric in spec.metrics, the first being 0"
)
RULES: Final[tuple[Rule, ...]] = (
    Rule(
        path="spec",
        rule="!has(self.prediction) || (has(self.metrics) && (has(self.prediction.metric) ? "
        f"self.prediction.metric < self.metrics.size() && {_CHOSEN}.type == 'external' : "
        "self.metrics.exists_one(x, x.type == 'external')))",
        message=_WHICH,
        field_path=".prediction",
    ),
    Rule(
        path="spec",
        rule="!has(self.prediction) || !has(self.metrics) || (has(self.prediction.metric) ? "
        f"self.prediction.metric >= self.metrics.size() || !has({_CHOSEN}.external) || "
        f"{_CHOSEN}.external.targetType == 'AverageValue' : "
        "self.metrics.all(x, !has(x.external) || x.external.targetType == 'AverageValue'))",
        message="what is foreseen has to be the load of all pods, so targetType AverageValue: an "
        "answer with the targetType Value falls when there are more pods, and a forecast does not",
        field_path=".prediction",
    ),
    Rule(
        path="spec.prediction",
        rule="self.season == '1d' || self.historyDays >= 21",
        message="a forecast takes three seasons: say historyDays 21 or more, or season 1d",
        field_path=".historyDays",
    ),
    *timed(
        "spec.prediction",
        "lookahead",
        "duration(self.lookahead) >= duration('1m') && duration(self.lookahead) <= duration('6h')",
        message="a lookahead is from 1m to 6h",
    ),
)
