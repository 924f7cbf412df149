"""Webhook configurations from registrations: one validating and one mutating for the manager.

The API server finds the manager through a Service in its namespace. `caBundle` is absent on
purpose: the manager makes its certificates itself and injects the bundle when it starts and
whenever it changes.
"""

from collections.abc import Iterable
from typing import Any, Final

from controller.runtime import permissions
from controller.runtime.registration import Family, Webhook
from controller.runtime.webhook import configuration, options
from hack.gen.rbac import NAMESPACE

SERVICE: Final = options.SERVICE


def configurations(families: Iterable[Family]) -> list[dict[str, Any]]:
    """Return the configurations that have at least one webhook."""
    webhooks = [webhook for family in families for webhook in family.webhooks]
    made = configuration.configurations(webhooks, name=permissions.MANAGER, way=_way)
    return list(made.values())


def _way(webhook: Webhook) -> dict[str, Any]:
    return {"service": {"name": SERVICE, "namespace": NAMESPACE, "path": webhook.path}}
