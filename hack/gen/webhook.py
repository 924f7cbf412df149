"""Webhook configurations from registrations: one validating and one mutating for the manager.

The API server finds the manager through a Service in its namespace. `caBundle` is absent on
purpose: the manager makes its certificates itself and injects the bundle when it starts and
whenever it changes.
"""

from collections.abc import Iterable
from typing import Any

from controller.runtime.permissions import DEFAULT, Installation
from controller.runtime.registration import Family, Webhook
from controller.runtime.webhook import configuration


def configurations(families: Iterable[Family], at: Installation = DEFAULT) -> list[dict[str, Any]]:
    """Return the configurations that have at least one webhook."""

    def way(webhook: Webhook) -> dict[str, Any]:
        service = {"name": at.service, "namespace": at.namespace, "path": webhook.path}
        return {"service": service}

    webhooks = [webhook for family in families for webhook in family.webhooks]
    return list(configuration.configurations(webhooks, name=at.name, way=way).values())
