"""Alerts about clusters of PENIN-Ω.

What a service measures is compared with itself, earlier: which α or which duration of a cycle is a
good one, only its users know.
"""  # noqa: RUF002 - its name

from typing import Final

from hack.gen.observability.alert import Alert, Rules
from hack.gen.observability.sources import CLUSTERS, LEDGERS, SERVICES

_CLUSTER: Final = "{{ $labels.namespace }}/{{ $labels.name }}"
_OF: Final = "{{ $labels.namespace }}/{{ $labels.cluster }}"

PENIN_RULES: Final = Rules(
    name="penin",
    sources=(CLUSTERS, SERVICES, LEDGERS),
    alerts=(
        Alert(
            name="PeninClusterFailed",
            expr='max by (namespace, name) (penin_cluster_phase{phase="Failed"}) == 1',
            wait="5m",
            severity="critical",
            summary=f"PENIN-Ω cluster {_CLUSTER} has failed",
            description="A service of it has had no ready pod for longer than a rollout may take.",
        ),
        Alert(
            name="PeninRolloutStuck",
            expr="max by (namespace, name) (penin_cluster_rollout_stuck) == 1",
            wait="1m",
            severity="warning",
            summary=f"A change of PENIN-Ω cluster {_CLUSTER} is stuck",
            description="A service did not become ready in time, and nothing after it was changed.",
        ),
        Alert(
            name="PeninClusterDegraded",
            expr='max by (namespace, name) (penin_cluster_condition{type="Degraded"}) == 1',
            wait="15m",
            severity="warning",
            summary=f"PENIN-Ω cluster {_CLUSTER} is degraded",
            description="Pods are not ready that should be, and no change under way explains it.",
        ),
        Alert(
            name="PeninMetricsUnavailable",
            expr='max by (namespace, name) (penin_cluster_condition{type="MetricsAvailable"}) == 0',
            wait="15m",
            severity="warning",
            summary=f"The operator cannot read the figures of PENIN-Ω cluster {_CLUSTER}",
            description="Its status.metrics are absent or old; guards on them cannot decide.",
        ),
        Alert(
            name="PeninLedgerBlocked",
            expr="max by (namespace, cluster) (penin_ledger_blocked) == 1",
            wait="5m",
            severity="warning",
            summary=f"The ledger of PENIN-Ω cluster {_OF} is not written",
            description="Entries are kept as ConfigMaps meanwhile, and are not on the volume.",
        ),
        Alert(
            name="PeninGateFailuresRising",
            expr="sum by (namespace, cluster, gate) (increase(penin_gate_fail_total[15m])) > 10 "
            "and sum by (namespace, cluster, gate) (increase(penin_gate_fail_total[15m])) "
            "> 0.5 * sum by (namespace, cluster, gate) (increase(penin_gate_fail_total[1h]))",
            wait="5m",
            severity="warning",
            summary=f"More and more fails at gate {{{{ $labels.gate }}}} of PENIN-Ω cluster {_OF}",
            description="{{ $value | humanize }} in 15 minutes, most of those of the last hour.",
        ),
        Alert(
            name="PeninAlphaFalling",
            expr="avg by (namespace, cluster) (avg_over_time(penin_alpha[15m])) "
            "< 0.9 * avg by (namespace, cluster) (avg_over_time(penin_alpha[6h]))",
            wait="15m",
            severity="warning",
            summary=f"α of PENIN-Ω cluster {_OF} is falling",  # noqa: RUF001 - its name
            description="Its mean of 15 minutes is {{ $value | humanize }}, a tenth or more below "
            "that of six hours.",
        ),
        Alert(
            name="PeninCycleSlow",
            expr="sum by (namespace, cluster) (rate(penin_cycle_duration_seconds_sum[15m])) "
            "/ sum by (namespace, cluster) (rate(penin_cycle_duration_seconds_count[15m])) "
            "> 2 * sum by (namespace, cluster) (rate(penin_cycle_duration_seconds_sum[6h])) "
            "/ sum by (namespace, cluster) (rate(penin_cycle_duration_seconds_count[6h]))",
            wait="15m",
            severity="warning",
            summary=f"Cycles of PENIN-Ω cluster {_OF} have become slow",
            description="They take {{ $value | humanizeDuration }} in the mean, twice the last six "
            "hours' or more.",
        ),
    ),
)
