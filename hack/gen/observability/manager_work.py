"""The upper half of the managers' dashboard: what is reconciled, what waits, what is cached."""

from typing import Final

from hack.gen.observability.dashboard import Panel, Query, Row, levels, quantiles, rates

_UNDER_WAY: Final = "there is no watch under way while its first list is read."

GLANCE: Final = Row(
    title="At a glance",
    panels=(
        Panel(
            title="Leaders",
            text="One for each Lease; 0 means that nobody works.",
            kind="stat",
            width=4,
            queries=(levels("pentad_leader_election_master_status", "name", of="sum"),),
            empty="managers with --leader-elect=false tell of no election.",
        ),
        Panel(
            title="Reconciles that fail",
            text="The share of reconciles that raised, timed out or gave up.",
            kind="stat",
            width=4,
            unit="percentunit",
            queries=(
                Query(
                    expr='sum(rate(pentad_reconcile_total{result=~"error|timeout|terminal"}'
                    "[$__rate_interval])) / sum(rate(pentad_reconcile_total[$__rate_interval]))",
                    legend="failing",
                ),
            ),
        ),
        Panel(
            title="Longest wait",
            text="How long the longest waiting key of any queue has been ready.",
            kind="stat",
            width=4,
            unit="s",
            queries=(levels("pentad_workqueue_oldest_age_seconds"),),
        ),
        Panel(
            title="Silence of the server",
            text="Of the cache that has heard nothing for longest; bookmarks come every minute.",
            kind="stat",
            width=4,
            unit="s",
            queries=(levels("pentad_informer_silence_seconds"),),
        ),
        Panel(
            title="Paused objects",
            text="What people asked to be left alone; nothing of it is repaired.",
            kind="stat",
            width=4,
            queries=(levels("pentad_paused_objects", "controller"),),
        ),
        Panel(
            title="Running for",
            text="Since each manager started.",
            kind="stat",
            width=4,
            unit="s",
            queries=(
                Query(
                    expr="time() - max by (instance) (pentad_process_start_time_seconds)",
                    legend="{{instance}}",
                ),
            ),
        ),
    ),
)

RECONCILES: Final = Row(
    title="Reconciles",
    panels=(
        Panel(
            title="Reconciles by result",
            text="How they ended, per second.",
            unit="ops",
            queries=(rates("pentad_reconcile_total", "controller", "result"),),
        ),
        Panel(
            title="Failures",
            text="What raised and is tried again, was cut short, or gave up until a change.",
            unit="ops",
            queries=(
                rates("pentad_reconcile_errors_total", "controller", legend="errors"),
                rates("pentad_reconcile_timeouts_total", "controller", legend="timeouts"),
                rates("pentad_reconcile_terminal_errors_total", "controller", legend="gave up"),
            ),
        ),
        Panel(
            title="Duration",
            text="How long reconciles take.",
            unit="s",
            queries=quantiles("pentad_reconcile_duration_seconds", "controller"),
        ),
        Panel(
            title="Workers",
            text="Those that hold a key, of those there are.",
            queries=(
                levels("pentad_active_workers", "controller", legend="active", of="sum"),
                levels("pentad_max_workers", "controller", legend="there are"),
            ),
        ),
        Panel(
            title="Children",
            text="Applied, found to be as applied, deleted; and fights over them, per second.",
            unit="ops",
            queries=(
                rates("pentad_apply_children_total", "controller", "result"),
                rates("pentad_apply_fights_total", "controller", legend="fights"),
            ),
        ),
        Panel(
            title="Events of the controllers' own making",
            text="Doubts settled by a read, mappers and predicates that raised, per second.",
            unit="ops",
            queries=(
                rates("pentad_gate_settled_total", "controller", legend="settled"),
                rates("pentad_mapper_errors_total", "controller", legend="mapper raised"),
                rates("pentad_predicate_errors_total", "controller", legend="predicate raised"),
            ),
        ),
    ),
)

QUEUES: Final = Row(
    title="Queues",
    panels=(
        Panel(
            title="Ready keys",
            text="By class of priority.",
            queries=(levels("pentad_workqueue_depth", "name", "priority", of="sum"),),
        ),
        Panel(
            title="Time in the queue",
            text="From a key's add until a worker took it.",
            unit="s",
            queries=quantiles("pentad_workqueue_queue_duration_seconds", "name"),
        ),
        Panel(
            title="Time at work",
            text="From a worker's taking a key until it was done.",
            unit="s",
            queries=quantiles("pentad_workqueue_work_duration_seconds", "name"),
        ),
        Panel(
            title="Adds and retries",
            text="Per second.",
            unit="ops",
            queries=(
                rates("pentad_workqueue_adds_total", "name", legend="adds"),
                rates("pentad_workqueue_retries_total", "name", legend="retries"),
            ),
        ),
        Panel(
            title="Work under way",
            text="The longest, and all of it in sum.",
            unit="s",
            queries=(
                levels(
                    "pentad_workqueue_longest_running_processor_seconds", "name", legend="longest"
                ),
                levels("pentad_workqueue_unfinished_work_seconds", "name", legend="sum"),
            ),
        ),
        Panel(
            title="Keys for later",
            text="That become ready later, and whose failures are remembered.",
            queries=(
                levels("pentad_workqueue_delayed", "name", legend="delayed", of="sum"),
                levels("pentad_workqueue_rate_limited_keys", "name", legend="failed", of="sum"),
            ),
        ),
    ),
)

_KIND: Final = ("kind", "group")
CACHES: Final = Row(
    title="Caches",
    panels=(
        Panel(
            title="Objects",
            text="Cached, in the manager that caches most.",
            queries=(levels("pentad_informer_objects", *_KIND),),
        ),
        Panel(
            title="Changes",
            text="Watch events and bookmarks per second.",
            unit="ops",
            queries=(
                rates("pentad_informer_events_total", *_KIND, legend="events"),
                rates("pentad_informer_bookmarks_total", *_KIND, legend="bookmarks"),
            ),
        ),
        Panel(
            title="Silence",
            text="Since the server was last heard of.",
            unit="s",
            queries=(levels("pentad_informer_silence_seconds", *_KIND),),
        ),
        Panel(
            title="Lists and watches",
            text="Begun, failed, and given up because nothing came, per second.",
            unit="ops",
            queries=(
                rates("pentad_informer_lists_total", *_KIND, legend="lists"),
                rates("pentad_informer_watches_total", *_KIND, legend="watches"),
                rates("pentad_informer_failures_total", *_KIND, legend="failures"),
                rates("pentad_informer_silent_watches_total", *_KIND, legend="silent"),
            ),
        ),
        Panel(
            title="Age of watches",
            text="The oldest one under way.",
            unit="s",
            queries=(levels("pentad_informer_watch_age_seconds", *_KIND),),
            empty=_UNDER_WAY,
        ),
        Panel(
            title="Complete caches",
            text="1 where the content is complete in all managers.",
            queries=(levels("pentad_informer_synced", *_KIND, of="min"),),
        ),
        Panel(
            title="Handlers behind",
            text="Objects whose changes wait for a handler.",
            queries=(
                levels("pentad_informer_handler_depth", *_KIND, "handler", of="sum"),
                levels("pentad_informer_untold", *_KIND, legend="late handlers", of="sum"),
            ),
        ),
        Panel(
            title="How far behind",
            text="Since when the oldest of them has been waiting.",
            unit="s",
            queries=(levels("pentad_informer_handler_oldest_seconds", *_KIND, "handler"),),
        ),
        Panel(
            title="What was put right",
            text="Older states refused, events without sense per second; objects in doubt.",
            queries=(
                rates("pentad_informer_stale_refused_total", *_KIND, legend="stale refused"),
                rates("pentad_informer_decode_errors_total", *_KIND, legend="without sense"),
                levels("pentad_informer_doubtful", *_KIND, legend="in doubt", of="sum"),
            ),
        ),
        Panel(
            title="Reads",
            text="Of objects that were decoded before, and that had to be, per second.",
            unit="ops",
            queries=(
                rates("pentad_informer_memo_hits_total", *_KIND, legend="hits"),
                rates("pentad_informer_memo_misses_total", *_KIND, legend="misses"),
            ),
        ),
        Panel(
            title="Decoded objects",
            text="That readers keep; at most 512 for each reader.",
            queries=(levels("pentad_informer_memo_objects", *_KIND),),
        ),
    ),
)
