"""Webhook configurations lead to the manager's Service and leave the CA bundle to it."""

import attrs

from controller.runtime.permissions import DEFAULT
from hack.gen import webhook
from hack.gen.rbac import NAMESPACE
from tests.kit.widget.family import WIDGET_FAMILY


def test_each_webhook_stands_in_the_configuration_of_its_mode():
    """One configuration validates, one mutates, each entry with its own path and rules."""
    validating, mutating = webhook.configurations([WIDGET_FAMILY])
    (check,) = validating["webhooks"]
    (default,) = mutating["webhooks"]

    assert validating["kind"] == "ValidatingWebhookConfiguration"
    assert check["name"] == "refuse-huge.widgets.test.pentad.dev"
    assert check["clientConfig"] == {
        "service": {
            "name": DEFAULT.service,
            "namespace": NAMESPACE,
            "path": "/validate/test.pentad.dev/v1alpha1/widgets/refuse-huge",
        }
    }
    assert default["rules"][0]["operations"] == ["CREATE"]
    assert default["failurePolicy"] == "Ignore"
    assert default["matchConditions"] == [
        {"name": "without-labels", "expression": "!has(object.spec.labels)"}
    ]


def test_a_configuration_without_webhooks_is_not_made():
    """Nothing is registered that would only cost the API server a look."""
    family = attrs.evolve(WIDGET_FAMILY, webhooks=WIDGET_FAMILY.webhooks[:1])

    assert ["ValidatingWebhookConfiguration"] == [
        configuration["kind"] for configuration in webhook.configurations([family])
    ]
    assert [] == webhook.configurations([])
