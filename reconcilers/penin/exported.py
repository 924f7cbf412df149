"""The figures of PENIN-Ω by name, type, help and labels: what dashboards and rules may name.

Three sources tell them. The services of a cluster tell their own at `/metrics`, which Prometheus
and the operator read, and its ledger-writer likewise (`ledger/pages`); their series carry the
labels of the pods they come from. The operator tells of each cluster as a whole, from its cache
(`cluster/gauges`).
"""

from typing import Final

from controller.runtime.obs.declared import counter, gauge, histogram

POD_LABELS: Final = ("namespace", "pod", "cluster", "service")
"""What the scrape adds to the figures of services, by the pods' own labels."""

ALPHA: Final = gauge("penin_alpha", "The current α_t^Ω.")  # noqa: RUF001 - its name
DELTA_LINF: Final = gauge("penin_delta_linf", "The change in the L∞ score.")
CAOS_PLUS: Final = gauge("penin_caos_plus", "The CAOS+ amplification.")
SR_SCORE: Final = gauge("penin_sr_score", "The self-reflection score.")
GATE_FAILURES: Final = counter(
    "penin_gate_fail_total", "What did not pass a gate of Σ-Guard, by gate.", "gate"
)
CYCLE: Final = histogram("penin_cycle_duration_seconds", "How long a cycle of the evolution took.")
OF_SERVICES: Final = (ALPHA, DELTA_LINF, CAOS_PLUS, SR_SCORE, GATE_FAILURES, CYCLE)
"""What services tell at /metrics, on their own port."""

LEDGER_SEQUENCE: Final = gauge("penin_ledger_sequence", "The last entry on the volume.")
LEDGER_BYTES: Final = gauge("penin_ledger_bytes", "The size of the ledger's file.")
LEDGER_BLOCKED: Final = gauge(
    "penin_ledger_blocked", "1 where something keeps entries from being written."
)
LEDGER_APPENDED: Final = counter(
    "penin_ledger_appended_total", "Entries written since this process began."
)
OF_LEDGERS: Final = (LEDGER_SEQUENCE, LEDGER_BYTES, LEDGER_BLOCKED, LEDGER_APPENDED)
"""What a ledger-writer tells."""

_WHICH: Final = ("namespace", "name")
INFO: Final = gauge(
    "penin_cluster_info", "The version that is wanted; always 1.", *_WHICH, "version"
)
PHASE: Final = gauge("penin_cluster_phase", "1 for the phase it is in, 0 else.", *_WHICH, "phase")
CONDITION: Final = gauge(
    "penin_cluster_condition",
    "1 where the condition is True, 0 where it is False; none where it is unknown.",
    *_WHICH,
    "type",
)
SERVICES: Final = gauge("penin_cluster_services", "Services that it consists of.", *_WHICH)
READY_SERVICES: Final = gauge("penin_cluster_ready_services", "Those that are ready.", *_WHICH)
ROLLOUT_STUCK: Final = gauge(
    "penin_cluster_rollout_stuck", "1 where a change has stopped because it got stuck.", *_WHICH
)
PAUSED: Final = gauge("penin_cluster_paused", "1 where people have paused it.", *_WHICH)
CHANGED: Final = gauge(
    "penin_cluster_last_change_timestamp_seconds",
    "When a condition of it last changed, in seconds since 1970.",
    *_WHICH,
)
OF_CLUSTERS: Final = (
    INFO,
    PHASE,
    CONDITION,
    SERVICES,
    READY_SERVICES,
    ROLLOUT_STUCK,
    PAUSED,
    CHANGED,
)
"""What the operator tells of each cluster."""
