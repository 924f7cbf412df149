"""Scalers: how many pods there are and should be, what they go by, how often they change."""

from typing import Final

from hack.gen.observability.dashboard import Dashboard, Panel, Query, Row, Variable, levels
from hack.gen.observability.sources import SCALERS

_WHICH: Final = ("namespace", "name")
_METRIC: Final = (*_WHICH, "position", "type", "metric")
_NO_STATUS: Final = "a scaler has no status before it has found its target."
_NO_PREDICTION: Final = "most scalers foresee nothing, and a forecast takes a history."
_NO_METRICS: Final = "a scaler may go by the clock alone, and what cannot be read has no value."


def _of_target() -> Query:
    by = ", ".join(_METRIC)
    return Query(
        expr=f"max by ({by}) (vertice_scaler_metric_value) "
        f"/ max by ({by}) (vertice_scaler_metric_target)",
        legend=" ".join(f"{{{{{label}}}}}" for label in _METRIC),
    )


REPLICAS: Final = Row(
    title="Replicas",
    panels=(
        Panel(
            title="Pods",
            text="How many there are and are to be; where the two stay apart, something holds it.",
            width=12,
            queries=(
                levels("vertice_scaler_current_replicas", *_WHICH, legend="current"),
                levels("vertice_scaler_desired_replicas", *_WHICH, legend="desired"),
            ),
            empty=_NO_STATUS,
        ),
        Panel(
            title="Limits",
            text="By the spec; a schedule may be narrower for a time.",
            width=12,
            queries=(
                levels("vertice_scaler_min_replicas", *_WHICH, legend="min"),
                levels("vertice_scaler_max_replicas", *_WHICH, legend="max"),
            ),
        ),
        Panel(
            title="Scaling events",
            text="How often the number was changed, within an hour.",
            width=24,
            queries=(
                Query(
                    expr="sum by (namespace, name, direction) "
                    "(increase(vertice_scaler_scaling_events_total[1h]))",
                    legend="{{namespace}} {{name}} {{direction}}",
                ),
            ),
        ),
    ),
)

METRICS: Final = Row(
    title="Metrics",
    panels=(
        Panel(
            title="Metric values",
            text="What was measured last, in the unit of its target: per cent, or an amount.",
            queries=(levels("vertice_scaler_metric_value", *_METRIC),),
            empty=_NO_METRICS,
        ),
        Panel(
            title="Metric targets",
            text="What is aimed at.",
            queries=(levels("vertice_scaler_metric_target", *_METRIC),),
            empty=_NO_METRICS,
        ),
        Panel(
            title="Values by their targets",
            text="Above 1 a metric asks for more pods, below 1 for fewer.",
            queries=(_of_target(),),
            unit="percentunit",
            empty=_NO_METRICS,
        ),
    ),
)

PREDICTION: Final = Row(
    title="Prediction",
    panels=(
        Panel(
            title="Pods that are foreseen",
            text="Beside those that there are to be; they count while a prediction acts.",
            queries=(
                levels("vertice_scaler_prediction_replicas", *_WHICH, legend="foreseen"),
                levels("vertice_scaler_prediction_acting", *_WHICH, legend="acting"),
            ),
            empty=_NO_PREDICTION,
        ),
        Panel(
            title="Forecasts",
            text="The most that a query is foreseen to answer until the end of the lookahead.",
            queries=(levels("vertice_scaler_prediction_forecast", *_WHICH),),
            empty=_NO_PREDICTION,
        ),
        Panel(
            title="Scores of predictions",
            text="1 is never wrong, 0 is as wrong as the same time a season before.",
            queries=(levels("vertice_scaler_prediction_score", *_WHICH),),
            empty=_NO_PREDICTION,
        ),
    ),
)

STATE: Final = Row(
    title="State",
    panels=(
        Panel(
            title="Conditions",
            text="1 where it is true, 0 where it is false; none where it is unknown.",
            queries=(levels("vertice_scaler_condition", *_WHICH, "type"),),
            empty="a scaler has no conditions before it was looked at.",
        ),
        Panel(
            title="Metrics that cannot be read",
            text="1 where one is missing; the condition ScalingActive says which, and why.",
            queries=(levels("vertice_scaler_metrics_missing", *_WHICH),),
        ),
        Panel(
            title="Paused",
            text="1 where people have paused it in this direction, or have it only preview.",
            queries=(
                levels("vertice_scaler_paused", *_WHICH, "direction"),
                levels("vertice_scaler_preview", *_WHICH, legend="preview"),
            ),
        ),
        Panel(
            title="Looks",
            text="In a minute; there are to be four, so fewer mean that the operator is late.",
            width=24,
            queries=(
                Query(
                    expr="sum by (namespace, name) "
                    "(rate(vertice_scaler_looks_total[$__rate_interval])) * 60",
                    legend="{{namespace}} {{name}}",
                ),
            ),
        ),
    ),
)

SCALER_DASHBOARD: Final = Dashboard(
    name="scaler-operator",
    title="VÉRTICE: scalers",
    sources=(SCALERS,),
    variables=(
        Variable(name="namespace", label="namespace", series="vertice_scaler_max_replicas"),
        Variable(
            name="scaler",
            label="name",
            series='vertice_scaler_max_replicas{namespace=~"$namespace"}',
        ),
    ),
    rows=(REPLICAS, METRICS, PREDICTION, STATE),
    unshown={},
)
