"""Alerts about the managers themselves, whatever they host."""

from typing import Final

from hack.gen.observability.alert import Alert, Rules
from hack.gen.observability.sources import MANAGER

MANAGER_RULES: Final = Rules(
    name="pentad",
    sources=(MANAGER,),
    alerts=(
        Alert(
            name="PentadNoLeader",
            expr="max by (job, name) (pentad_leader_election_master_status) == 0 "
            "or absent(pentad_leader_election_master_status)",
            wait="2m",
            severity="critical",
            summary="No manager leads",
            description="Nothing is reconciled: no manager holds the Lease, or none is scraped.",
        ),
        Alert(
            name="PentadReconcileErrors",
            expr="sum by (job, controller) "
            '(rate(pentad_reconcile_total{result=~"error|timeout"}[10m]))'
            " / sum by (job, controller) (rate(pentad_reconcile_total[10m])) > 0.25",
            wait="15m",
            severity="warning",
            summary="Controller {{ $labels.controller }} keeps failing",
            description="{{ $value | humanizePercentage }} of its reconciles raised or timed out.",
        ),
        Alert(
            name="PentadGaveUp",
            expr="sum by (job, controller) "
            "(increase(pentad_reconcile_terminal_errors_total[15m])) > 0",
            wait="0m",
            severity="warning",
            summary="Controller {{ $labels.controller }} gave up on an object",
            description="Trying again does not help until somebody changes the object.",
        ),
        Alert(
            name="PentadQueueSlow",
            expr="max by (job, name) (pentad_workqueue_oldest_age_seconds) > 300",
            wait="5m",
            severity="warning",
            summary="Queue {{ $labels.name }} is not worked off",
            description="A key has waited for {{ $value | humanizeDuration }}.",
        ),
        Alert(
            name="PentadQueueGrowing",
            expr="sum by (job, name) (pentad_workqueue_depth) > 100 "
            "and sum by (job, name) (deriv(pentad_workqueue_depth[15m])) > 0",
            wait="15m",
            severity="warning",
            summary="Queue {{ $labels.name }} grows",
            description="{{ $value }} keys are ready, and they become more.",
        ),
        Alert(
            name="PentadLoopLag",
            expr="histogram_quantile(0.9, sum by (job, instance, le) "
            "(rate(pentad_event_loop_lag_seconds_bucket[10m]))) > 0.5",
            wait="10m",
            severity="warning",
            summary="The event loop of {{ $labels.instance }} runs late",
            description="One in ten samples is later than {{ $value | humanizeDuration }}.",
        ),
        Alert(
            name="PentadFiguresStale",
            expr="max by (job, instance) (pentad_metrics_age_seconds) > 60",
            wait="1m",
            severity="critical",
            summary="The event loop of {{ $labels.instance }} is blocked",
            description="It has not told its figures for {{ $value | humanizeDuration }}.",
        ),
        Alert(
            name="PentadWatchRestarts",
            expr="sum by (job, kind, group) (increase(pentad_informer_failures_total[15m])) > 10",
            wait="15m",
            severity="warning",
            summary="The watch of {{ $labels.kind }} keeps failing",
            description="It failed {{ $value | humanize }} times in 15 minutes.",
        ),
        Alert(
            name="PentadCacheSilent",
            expr="max by (job, instance, kind, group) (pentad_informer_silence_seconds) > 180",
            wait="5m",
            severity="critical",
            summary="The cache of {{ $labels.kind }} in {{ $labels.instance }} is not kept current",
            description="The server has said nothing of it for {{ $value | humanizeDuration }}.",
        ),
        Alert(
            name="PentadHandlerBehind",
            expr="max by (job, kind, handler) (pentad_informer_handler_oldest_seconds) > 60",
            wait="5m",
            severity="warning",
            summary="Handler {{ $labels.handler }} does not keep up with {{ $labels.kind }}",
            description="A change has waited for it for {{ $value | humanizeDuration }}.",
        ),
        Alert(
            name="PentadWebhookFailing",
            expr="sum by (job, webhook) (rate(pentad_webhook_failed_total[5m])) > 0",
            wait="5m",
            severity="critical",
            summary="Webhook {{ $labels.webhook }} fails",
            description="Its handler raises or takes too long; the failure policy decides instead.",
        ),
        Alert(
            name="PentadCertificateExpiring",
            expr="min by (job, instance) (pentad_webhook_certificate_expires_seconds) - time() "
            "< 7 * 86400",
            wait="1h",
            severity="critical",
            summary="The webhooks' certificate of {{ $labels.instance }} is not renewed",
            description="It expires in {{ $value | humanizeDuration }}; then calls of it fail.",
        ),
        Alert(
            name="PentadClientThrottled",
            expr='sum by (job) (rate(pentad_client_requests_total{code="429"}[5m])) > 0.1',
            wait="15m",
            severity="warning",
            summary="The API server throttles {{ $labels.job }}",
            description="It sends away {{ $value | humanize }} requests a second.",
        ),
        Alert(
            name="PentadFight",
            expr="sum by (job, controller) (increase(pentad_apply_fights_total[1h])) > 0",
            wait="0m",
            severity="warning",
            summary="Somebody undoes what controller {{ $labels.controller }} applies",
            description="A child was changed back so often that the object's users were told.",
        ),
        Alert(
            name="PentadForgottenPause",
            expr="max by (job, controller) (pentad_paused_objects) > 0",
            wait="24h",
            severity="info",
            summary="Controller {{ $labels.controller }} has had paused objects for a day",
            description="{{ $value }} of its objects are left alone: nothing of them is repaired.",
        ),
    ),
)
