"""The lower half of the managers' dashboard: requests, election, webhooks, the process itself."""

from typing import Final

from hack.gen.observability.dashboard import Panel, Query, Row, levels, quantiles, rates

_NO_ELECTION: Final = "managers with --leader-elect=false tell of no election."
_NO_WEBHOOKS: Final = "managers that serve no webhooks tell nothing of them."

REQUESTS: Final = Row(
    title="Requests to the API server",
    panels=(
        Panel(
            title="Requests",
            text="By method and status; code none got no answer, 429 was told to come later.",
            unit="reqps",
            queries=(rates("pentad_client_requests_total", "method", "code"),),
        ),
        Panel(
            title="Latency",
            text="From sending a request to the end of its answer; watches apart.",
            unit="s",
            queries=quantiles("pentad_client_request_duration_seconds", "method"),
        ),
        Panel(
            title="Events for users",
            text="Written, only counted to spare the server, dropped; and those that wait.",
            queries=(
                rates("pentad_events_total", "result", legend="per second"),
                levels("pentad_events_queue_depth", legend="waiting"),
            ),
        ),
    ),
)

ELECTION: Final = Row(
    title="Leader election",
    panels=(
        Panel(
            title="Who leads",
            text="1 for the leader.",
            queries=(levels("pentad_leader_election_master_status", "name", "instance"),),
            empty=_NO_ELECTION,
        ),
        Panel(
            title="Lease",
            text="For how long the leader may write without renewal, and how old the last one is.",
            unit="s",
            queries=(
                levels("pentad_leader_election_fence_remaining_seconds", "name", legend="left"),
                levels("pentad_leader_election_renew_age_seconds", "name", legend="renewed ago"),
            ),
            empty=_NO_ELECTION,
        ),
        Panel(
            title="Troubles",
            text="Requests without a usable answer, slow renewals, changes of hands, per second.",
            unit="ops",
            queries=(
                rates("pentad_leader_election_request_failures_total", "name", legend="failed"),
                rates("pentad_leader_election_slowpath_total", "name", legend="slow"),
                rates("pentad_leader_election_transitions_total", "name", legend="new holder"),
            ),
            empty=_NO_ELECTION,
        ),
    ),
)

WEBHOOKS: Final = Row(
    title="Webhooks",
    panels=(
        Panel(
            title="Reviews",
            text="By the HTTP status of the answer.",
            unit="reqps",
            queries=(rates("pentad_webhook_requests_total", "webhook", "code"),),
            empty=_NO_WEBHOOKS,
        ),
        Panel(
            title="Refused, failed, sent away",
            text="Per second; of a failed one the failure policy decided.",
            unit="ops",
            queries=(
                rates("pentad_webhook_denied_total", "webhook", legend="refused"),
                rates("pentad_webhook_failed_total", "webhook", legend="failed"),
                rates("pentad_webhook_shed_total", legend="sent away"),
                rates("pentad_webhook_connections_taken_away_total", legend="hung up on"),
            ),
            empty=_NO_WEBHOOKS,
        ),
        Panel(
            title="Duration of reviews",
            text="How long answers take; the API server waits for each.",
            unit="s",
            queries=quantiles("pentad_webhook_seconds", "webhook"),
            empty=_NO_WEBHOOKS,
        ),
        Panel(
            title="Under way",
            text="Reviews, and connections of API servers.",
            queries=(
                levels("pentad_webhook_in_flight", "webhook", of="sum"),
                levels("pentad_webhook_connections", legend="connections", of="sum"),
            ),
            empty=_NO_WEBHOOKS,
        ),
        Panel(
            title="The certificate expires in",
            text="Renewed when ten of its thirty days are left, unless it is made by others.",
            kind="stat",
            unit="s",
            queries=(
                Query(
                    expr="min by (instance) (pentad_webhook_certificate_expires_seconds) - time()",
                    legend="{{instance}}",
                ),
            ),
            empty=_NO_WEBHOOKS,
        ),
        Panel(
            title="Certificates put into use",
            text="Since each manager started.",
            kind="stat",
            queries=(levels("pentad_webhook_certificates_total", "instance"),),
            empty=_NO_WEBHOOKS,
        ),
    ),
)

PROCESS: Final = Row(
    title="Process",
    panels=(
        Panel(
            title="Memory",
            text="Resident.",
            unit="bytes",
            queries=(levels("pentad_process_resident_memory_bytes", "instance"),),
        ),
        Panel(
            title="Processor",
            text="Cores in use.",
            queries=(rates("pentad_process_cpu_seconds_total", "instance"),),
        ),
        Panel(
            title="Tasks and files",
            text="Tasks of the event loop, and open file descriptors.",
            queries=(
                levels("pentad_tasks", "instance", legend="tasks"),
                levels("pentad_process_open_fds", "instance", legend="files"),
            ),
        ),
        Panel(
            title="Lag of the event loop",
            text="How late it runs, sampled once a second, and how late it is now.",
            unit="s",
            queries=(
                *quantiles("pentad_event_loop_lag_seconds", "instance"),
                levels("pentad_event_loop_late_seconds", "instance", legend="now"),
            ),
        ),
        Panel(
            title="Blocks of the event loop",
            text="Whose stack was taken, per second; the log and /debug/loop show it.",
            unit="ops",
            queries=(rates("pentad_event_loop_blocks_total", "instance"),),
        ),
        Panel(
            title="Pauses of the garbage collector",
            text="The longest since the start, and all of them per second.",
            unit="s",
            queries=(
                levels("pentad_gc_longest_pause_seconds", "generation", legend="longest"),
                rates("pentad_gc_pause_seconds_sum", "generation", legend="per second"),
            ),
        ),
        Panel(
            title="Remembered beside the caches",
            text="Each of them has a bound.",
            queries=(levels("pentad_remembered", "what"),),
        ),
        Panel(
            title="Age of these figures",
            text="Grows while the event loop is blocked: what needs it is told as it was last.",
            unit="s",
            queries=(levels("pentad_metrics_age_seconds", "instance"),),
        ),
    ),
)
