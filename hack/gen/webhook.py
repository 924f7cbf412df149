"""Webhook configurations from registrations: one validating and one mutating for the manager.

The API server finds the manager through a Service in its namespace. `caBundle` is absent on
purpose: the manager makes its certificates itself and injects the bundle when it starts and
whenever it changes.
"""

from collections.abc import Iterable
from typing import Any, Final

from controller.runtime import permissions
from controller.runtime.registration import Family, Webhook
from hack.gen.rbac import NAMESPACE

SERVICE: Final = "pentad-webhook"
_KINDS: Final = {
    "validate": "ValidatingWebhookConfiguration",
    "mutate": "MutatingWebhookConfiguration",
}


def configurations(families: Iterable[Family]) -> list[dict[str, Any]]:
    """Return the configurations that have at least one webhook."""
    webhooks = [webhook for family in families for webhook in family.webhooks]
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": permissions.MANAGER},
            "webhooks": [_entry(webhook) for webhook in chosen],
        }
        for mode, kind in _KINDS.items()
        if (chosen := [webhook for webhook in webhooks if webhook.mode == mode])
    ]


def _entry(webhook: Webhook) -> dict[str, Any]:
    kind = webhook.kind
    entry: dict[str, Any] = {
        "name": webhook.full_name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": {
            "service": {"name": SERVICE, "namespace": NAMESPACE, "path": webhook.path}
        },
        "failurePolicy": webhook.failure_policy,
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
