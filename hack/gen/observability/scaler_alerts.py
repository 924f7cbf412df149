"""Alerts about scalers: of workloads that cannot have what they need, and of restless ones."""

from typing import Final

from hack.gen.observability.alert import Alert, Rules
from hack.gen.observability.sources import SCALERS

_SCALER: Final = "{{ $labels.namespace }}/{{ $labels.name }}"

SCALER_RULES: Final = Rules(
    name="scaler",
    sources=(SCALERS,),
    alerts=(
        Alert(
            name="ScalerAtMax",
            expr="max by (namespace, name) (vertice_scaler_current_replicas == "
            "(vertice_scaler_max_replicas > vertice_scaler_min_replicas))",
            wait="15m",
            severity="warning",
            summary=f"VerticeScaler {_SCALER} is at its maximum",
            description="There have been {{ $value }} pods, the most it may have, for a quarter of "
            "an hour: a higher load finds no more of them.",
        ),
        Alert(
            name="ScalerMetricsMissing",
            expr="max by (namespace, name) (vertice_scaler_metrics_missing) == 1",
            wait="15m",
            severity="warning",
            summary=f"Metrics of VerticeScaler {_SCALER} cannot be read",
            description="Its condition ScalingActive is False; until it is mended, what cannot be "
            "read counts as its `onMissing` says.",
        ),
        Alert(
            name="ScalerCannotScale",
            expr='max by (namespace, name) (vertice_scaler_condition{type="AbleToScale"}) == 0',
            wait="5m",
            severity="warning",
            summary=f"VerticeScaler {_SCALER} cannot scale its target",
            description="Whatever the load is, the number of pods stays; its condition AbleToScale "
            "says why.",
        ),
        Alert(
            name="ScalerFlapping",
            expr="min by (namespace, name) (sum by (namespace, name, direction) "
            "(increase(vertice_scaler_scaling_events_total[1h]))) > 5",
            wait="5m",
            severity="warning",
            summary=f"VerticeScaler {_SCALER} goes up and down all the time",
            description="Within an hour it went {{ $value | humanize }} times or more in each "
            "direction.",
        ),
        Alert(
            name="ScalerForgottenPause",
            expr="max by (namespace, name) (vertice_scaler_paused) == 1 or "
            "max by (namespace, name) (vertice_scaler_preview) == 1",
            wait="24h",
            severity="info",
            summary=f"VerticeScaler {_SCALER} has been held for a day",
            description="It is paused in a direction, or only previews: there the number of pods "
            "stays, whatever the load is.",
        ),
    ),
)
