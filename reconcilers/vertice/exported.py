"""The figures of VÉRTICE by name, type, help and labels: what dashboards and rules may name.

The operator tells them of each scaler (`scaler/gauges`). Those that are compared with each other
have the same labels, so that an expression such as `current == max` finds its pairs.
"""

from typing import Final

from controller.runtime.obs.declared import counter, gauge

_WHICH: Final = ("namespace", "name")
_METRIC: Final = (*_WHICH, "position", "type", "metric")
"""Two metrics of a spec may be alike in all but their place in it, counted from 0."""

CURRENT: Final = gauge("vertice_scaler_current_replicas", "Pods that there are.", *_WHICH)
DESIRED: Final = gauge("vertice_scaler_desired_replicas", "Pods that there are to be.", *_WHICH)
MIN: Final = gauge("vertice_scaler_min_replicas", "The least by the spec.", *_WHICH)
MAX: Final = gauge("vertice_scaler_max_replicas", "The most by the spec.", *_WHICH)
EVENTS: Final = counter(
    "vertice_scaler_scaling_events_total",
    "Changes of the number of pods by this process, by direction.",
    *_WHICH,
    "direction",
)
LOOKS: Final = counter(
    "vertice_scaler_looks_total",
    "Looks of this process at a scaler whose target could be read.",
    *_WHICH,
)
CONDITION: Final = gauge(
    "vertice_scaler_condition",
    "1 where the condition is True, 0 where it is False; none where it is unknown.",
    *_WHICH,
    "type",
)
MISSING: Final = gauge(
    "vertice_scaler_metrics_missing", "1 where a metric of it cannot be read.", *_WHICH
)
VALUE: Final = gauge(
    "vertice_scaler_metric_value",
    "What a metric was last, in the unit of its target; none where it could not be read.",
    *_METRIC,
)
TARGET: Final = gauge("vertice_scaler_metric_target", "What a metric is aimed at.", *_METRIC)
PAUSED: Final = gauge(
    "vertice_scaler_paused",
    "1 where people have paused it in this direction, 0 else.",
    *_WHICH,
    "direction",
)
PREVIEW: Final = gauge(
    "vertice_scaler_preview", "1 where it only tells what it would do, 0 else.", *_WHICH
)
FORECAST: Final = gauge(
    "vertice_scaler_prediction_forecast",
    "The most that the query of a prediction is foreseen to answer until the end of its lookahead.",
    *_WHICH,
)
PREDICTED: Final = gauge(
    "vertice_scaler_prediction_replicas", "Pods that what is foreseen asks for.", *_WHICH
)
SCORE: Final = gauge(
    "vertice_scaler_prediction_score",
    "How much less a prediction was wrong than what was a season before: 1 is never, 0 is as much.",
    *_WHICH,
)
ACTING: Final = gauge(
    "vertice_scaler_prediction_acting",
    "1 where a prediction may raise the number of pods now, 0 where it is only told.",
    *_WHICH,
)
OF_SCALERS: Final = (
    CURRENT,
    DESIRED,
    MIN,
    MAX,
    EVENTS,
    LOOKS,
    CONDITION,
    MISSING,
    VALUE,
    TARGET,
    PAUSED,
    PREVIEW,
    FORECAST,
    PREDICTED,
    SCORE,
    ACTING,
)
"""What the operator tells of each scaler."""
