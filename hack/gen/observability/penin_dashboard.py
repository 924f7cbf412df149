"""PENIN-Ω clusters: how they are, what changes, and what their services measure of themselves."""

from typing import Final

from hack.gen.observability.dashboard import (
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
    levels,
    quantiles,
    rates,
)
from hack.gen.observability.sources import CLUSTERS, LEDGERS, SERVICES

_WHICH: Final = ("namespace", "name")
_WHOSE: Final = ("namespace", "cluster")
_NO_STATUS: Final = "a cluster has no status before its first reconcile."

STATE: Final = Row(
    title="Clusters",
    panels=(
        Panel(
            title="Phases",
            text="How many clusters are in each phase.",
            queries=(
                Query(
                    expr="sum by (phase) (max by (namespace, name, phase) (penin_cluster_phase))",
                    legend="{{phase}}",
                ),
            ),
            empty=_NO_STATUS,
        ),
        Panel(
            title="Services that are not ready",
            text="0 when all is well.",
            queries=(
                Query(
                    expr="max by (namespace, name) (penin_cluster_services) "
                    "- min by (namespace, name) (penin_cluster_ready_services)",
                    legend="{{namespace}} {{name}}",
                ),
            ),
            empty=_NO_STATUS,
        ),
        Panel(
            title="Conditions",
            text="1 where it is true, 0 where it is false; none where it is unknown.",
            queries=(levels("penin_cluster_condition", *_WHICH, "type"),),
            empty=_NO_STATUS,
        ),
        Panel(
            title="Rollouts that are stuck",
            text="1 where a change has stopped; the cluster's condition Progressing says why.",
            queries=(levels("penin_cluster_rollout_stuck", *_WHICH),),
        ),
        Panel(
            title="Paused",
            text="1 where people have paused it.",
            queries=(levels("penin_cluster_paused", *_WHICH),),
        ),
        Panel(
            title="Last change",
            text="How long ago a condition of it changed.",
            unit="s",
            queries=(
                Query(
                    expr="time() - max by (namespace, name) "
                    "(penin_cluster_last_change_timestamp_seconds)",
                    legend="{{namespace}} {{name}}",
                ),
            ),
            empty=_NO_STATUS,
        ),
        Panel(
            title="Versions",
            text="How many clusters want each version.",
            kind="stat",
            queries=(
                Query(
                    expr="count by (version) "
                    "(max by (namespace, name, version) (penin_cluster_info))",
                    legend="{{version}}",
                ),
            ),
        ),
    ),
)

_OFF: Final = "services tell nothing with spec.observability.metrics off."
FIGURES: Final = Row(
    title="What the services measure",
    panels=(
        *(
            Panel(
                title=title,
                text=f"{text} The mean of all pods.",
                width=6,
                queries=(levels(name, *_WHOSE, of="avg"),),
                empty=_OFF,
            )
            for title, name, text in (
                ("α", "penin_alpha", "The current α_t^Ω."),  # noqa: RUF001 - its name
                ("ΔL∞", "penin_delta_linf", "The change in the L∞ score."),
                ("CAOS⁺", "penin_caos_plus", "The amplification."),
                ("SR", "penin_sr_score", "The self-reflection score."),
            )
        ),
        Panel(
            title="Gate failures",
            text="What did not pass a gate, per second.",
            unit="ops",
            queries=(rates("penin_gate_fail_total", *_WHOSE, "gate"),),
            empty=_OFF,
        ),
        Panel(
            title="Cycles",
            text="Of the evolution, per second.",
            unit="ops",
            queries=(rates("penin_cycle_duration_seconds_count", *_WHOSE),),
            empty=_OFF,
        ),
        Panel(
            title="Duration of cycles",
            text="Of the evolution.",
            unit="s",
            queries=quantiles("penin_cycle_duration_seconds", *_WHOSE),
            empty=_OFF,
        ),
        Panel(
            title="α by service",  # noqa: RUF001 - its name
            text="Where pods disagree, the mean above hides it.",
            queries=(levels("penin_alpha", *_WHOSE, "service", "pod", of="avg"),),
            empty=_OFF,
        ),
    ),
)

_NO_LEDGER: Final = "clusters have no ledger unless spec.storage.wormLedger is enabled."
LEDGER: Final = Row(
    title="Ledgers",
    panels=(
        Panel(
            title="Entries on the volume",
            text="The number of the last one.",
            width=6,
            queries=(levels("penin_ledger_sequence", *_WHOSE),),
            empty=_NO_LEDGER,
        ),
        Panel(
            title="Entries written",
            text="Per second.",
            unit="ops",
            width=6,
            queries=(rates("penin_ledger_appended_total", *_WHOSE),),
            empty=_NO_LEDGER,
        ),
        Panel(
            title="Size of the ledger",
            text="Of its file; the volume has to hold it.",
            unit="bytes",
            width=6,
            queries=(levels("penin_ledger_bytes", *_WHOSE),),
            empty=_NO_LEDGER,
        ),
        Panel(
            title="Ledgers that are blocked",
            text="1 where entries cannot be written; the condition LedgerWritten says why.",
            width=6,
            queries=(levels("penin_ledger_blocked", *_WHOSE),),
            empty=_NO_LEDGER,
        ),
    ),
)

PENIN_DASHBOARD: Final = Dashboard(
    name="penin-cluster",
    title="PENIN-Ω: clusters",
    sources=(CLUSTERS, SERVICES, LEDGERS),
    variables=(
        Variable(name="namespace", label="namespace", series="penin_cluster_info"),
        Variable(
            name="cluster", label="name", series='penin_cluster_info{namespace=~"$namespace"}'
        ),
    ),
    rows=(STATE, FIGURES, LEDGER),
    unshown={},
)
