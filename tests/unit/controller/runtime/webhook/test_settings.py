"""Whether webhooks are served, where, and under which names."""

import sys
from subprocess import run

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.utils import floatToGoString

from controller import config
from controller.runtime.webhook.metrics import WebhookCollector
from controller.runtime.webhook.options import WebhookOptions
from controller.runtime.webhook.server import AdmissionServer
from controller.runtime.webhook.serving import ServingCertificate
from informers.errors import ConfigError
from informers.tls import KeyPair
from tests.chaos.webhook_world import Silence
from tests.kit.certificates import Authority
from tests.kit.widget.family import WIDGET_FAMILY


def test_a_service_is_found_by_its_names():
    """The API server asks for the first of them; on loopback it asks for an address."""
    assert "pentad-webhook.here.svc" in WebhookOptions(namespace="here").names()
    assert "127.0.0.1" in WebhookOptions(mode="url", host="0.0.0.0").names()
    assert "127.0.0.1" == WebhookOptions(mode="url", host="0.0.0.0").listens_at


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        pytest.param(["--webhooks=maybe"], "auto, service, url, off", id="mode"),
        pytest.param(["--webhook-address=off"], "--webhooks=off turns them off", id="off"),
        pytest.param(["--webhook-address=:8080"], "port 8080 is wanted by two", id="port"),
        pytest.param(["--webhooks=url", "--webhook-cert-dir=x"], "its own", id="two-sources"),
    ],
)
def test_settings_that_make_no_sense_are_told(flags, problem):
    """All at once, before anything starts."""
    with pytest.raises(ConfigError, match=problem):
        config.load(flags, {})


def test_a_program_without_webhooks_loads_nothing_for_them():
    """Neither aiohttp's server nor the cryptography library is imported at its start."""
    program = (
        "import sys, controller.app; "
        "print([m for m in ('aiohttp.web_protocol', 'cryptography.x509', "
        "'controller.runtime.webhook.service') if m in sys.modules])"
    )

    done = run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


def test_every_figure_is_told():
    """From the start and by webhook, with the moment the certificate expires."""
    certificate, (pem, key) = ServingCertificate(), Authority().issue()
    certificate.replace(KeyPair(pem.encode(), key.encode()))
    server = AdmissionServer(WIDGET_FAMILY.webhooks, certificate, log=Silence())
    name = "refuse-huge.widgets.test.pentad.dev"
    server.statistics().webhooks[name].record(200, 0.003)
    registry = CollectorRegistry()
    registry.register(WebhookCollector(server))

    text = generate_latest(registry).decode()

    assert f'pentad_webhook_requests_total{{code="200",webhook="{name}"}} 1.0' in text
    assert f'pentad_webhook_seconds_bucket{{le="0.005",webhook="{name}"}} 1.0' in text
    assert f'pentad_webhook_in_flight{{webhook="{name}"}} 0.0' in text
    assert "pentad_webhook_certificates_total 1.0" in text
    assert f"webhook_certificate_expires_seconds {floatToGoString(certificate.expires)}" in text
