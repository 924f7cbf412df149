"""Webhook configurations from registrations: the one place that knows how an entry looks.

`make generate` writes those that lead to the manager's Service; `make run` applies those that lead
to a port on loopback.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from controller.runtime.registration import Webhook
from informers.meta.builtin import MUTATING_WEBHOOK, VALIDATING_WEBHOOK
from informers.meta.kinds import Kind

KINDS: Final = {"validate": VALIDATING_WEBHOOK, "mutate": MUTATING_WEBHOOK}
Way = Callable[[Webhook], dict[str, Any]]
"""The clientConfig of a webhook: how the API server gets to it."""


def by_kind(webhooks: Iterable[Webhook]) -> dict[Kind, list[Webhook]]:
    """The webhooks of each kind of configuration; kinds without any are left out."""
    chosen = list(webhooks)
    sorted_ = {kind: [w for w in chosen if w.mode == mode] for mode, kind in KINDS.items()}
    return {kind: found for kind, found in sorted_.items() if found}


def configurations(
    webhooks: Iterable[Webhook],
    *,
    name: str,
    way: Way,
    failure_policy: Literal["Fail", "Ignore"] | None = None,
) -> dict[Kind, dict[str, Any]]:
    """The configurations that have at least one webhook; a policy given here overrides all."""
    return {
        kind: {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": name},
            "webhooks": [_entry(each, way(each), failure_policy) for each in chosen],
        }
        for kind, chosen in by_kind(webhooks).items()
    }


def _entry(
    webhook: Webhook, way: dict[str, Any], policy: Literal["Fail", "Ignore"] | None
) -> dict[str, Any]:
    kind = webhook.kind
    entry: dict[str, Any] = {
        "name": webhook.full_name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": way,
        "failurePolicy": policy or webhook.failure_policy,
        "rules": [
            {
                "apiGroups": [kind.group],
                "apiVersions": [kind.version],
                "operations": list(webhook.operations),
                "resources": [kind.plural],
                "scope": "Namespaced" if kind.namespaced else "Cluster",
            }
        ],
        "sideEffects": "None",
        "timeoutSeconds": webhook.timeout_seconds,
    }
    if webhook.match_conditions:
        entry["matchConditions"] = [
            {"name": condition.name, "expression": condition.expression}
            for condition in webhook.match_conditions
        ]
    return entry
