"""Webhooks before the real API server: what users see, and certificates that change under them."""

import asyncio
import base64
import datetime as dt
import signal
import subprocess

import pytest
import yaml

from controller import app, config
from controller.runtime.manager import EXIT_CLEAN
from controller.runtime.obs.log import configure
from controller.runtime.permissions import CERTIFICATES
from controller.runtime.webhook.admission import Admission
from controller.runtime.webhook.injection import LOCAL
from controller.runtime.webhook.options import SERVICE
from controller.runtime.webhook.ring import Lives
from controller.runtime.webhook.server import Limits
from controller.runtime.webhook.vault import ROTATE, unpacked
from hack.gen.__main__ import ROOT
from informers.errors import ConfigError
from tests.integration.webhook_world import (
    ADMISSION,
    bundles,
    created,
    hook,
    installed,
    load,
    serving,
)
from tests.kit.builders import widget
from tests.kit.certificates import Authority
from tests.kit.cluster import KindAccess
from tests.kit.crds import install_crds
from tests.kit.eventually import eventually
from tests.kit.leaks import no_leaks
from tests.kit.rest import MERGE
from tests.kit.widget.api import Widget
from tests.kit.widget.family import WIDGET_FAMILY

CRD = ROOT / "tests/kit/widget/manifests/crd/widgets.test.pentad.dev.yaml"
WEBHOOKS = WIDGET_FAMILY.webhooks
HUGE = 2_000_000
DENIED = (
    'admission webhook "refuse-huge.widgets.test.pentad.dev" denied the request: '
    "size is at most 1000000"
)
SWIFT = Lives(settle=dt.timedelta(seconds=1))


@pytest.fixture
def widgets(kubectl, namespace):
    """Return the path of the namespace's Widgets, served by the cluster."""
    install_crds(kubectl, CRD)
    return Widget.definition.kind.path(namespace)


@pytest.fixture
def secret(namespace):
    """Return the path of the Secret with the replicas' certificates."""
    return f"/api/v1/namespaces/{namespace}/secrets/{CERTIFICATES}"


async def refused(cluster, widgets):
    """Wait until the webhooks are in force."""
    await eventually(lambda: created(cluster, widgets, size=HUGE), equals=DENIED, within=20)


def ring(rest, secret):
    """Return the certificates in the Secret."""
    return unpacked(rest.get(secret)["data"])


# On loopback, as `make run` does


async def test_users_are_refused_warned_and_helped(cluster, namespace, rest, widgets):
    """A refusal, a warning and a default reach kubectl; afterwards nothing is left behind."""

    def applied(**spec):
        done = subprocess.run(
            [
                *(
                    cluster.kubectl,
                    f"--kubeconfig={cluster.kubeconfig}",
                    f"--namespace={namespace}",
                ),
                *("apply", "--filename=-", "--output=yaml"),
            ],
            input=yaml.safe_dump(widget(**spec)),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout, done.stderr

    async with no_leaks(), serving(cluster, WEBHOOKS) as served:
        await refused(cluster, widgets)
        _, refusal = await asyncio.to_thread(applied, size=HUGE)
        made, _ = await asyncio.to_thread(applied, size=3)
        _, warning = await asyncio.to_thread(applied, size=950_000)
        growth = {"spec": {"size": HUGE}}
        answer = await asyncio.to_thread(
            rest.request, "PATCH", f"{widgets}/w", growth, content_type=MERGE
        )
        statistics = served.server.statistics().webhooks["refuse-huge.widgets.test.pentad.dev"]

        assert "The request is invalid: spec.size: size is at most 1000000" in refusal
        assert {"tier": "none"} == yaml.safe_load(made)["spec"]["labels"]
        assert "Warning: size 950000 is close to its limit of 1000000" in warning
        assert (422, "spec.size") == (answer.status, answer.body["details"]["causes"][0]["field"])
        assert statistics.denied >= 3
        assert 0 == statistics.failed

    assert "" == await created(cluster, widgets, size=HUGE)
    for kind in ("validating", "mutating"):
        assert [] == rest.get(f"{ADMISSION}/{kind}webhookconfigurations")["items"]


async def test_a_program_that_was_killed_blocks_nobody(cluster, rest, widgets):
    """What it left behind is ignored by the API server, and taken over by the next one."""
    stale = serving(cluster, WEBHOOKS)
    served = await stale.__aenter__()
    await refused(cluster, widgets)
    served._keeping.cancel()
    await served.server.stop()

    assert "" == await created(cluster, widgets, size=HUGE)
    async with serving(cluster, WEBHOOKS):
        await refused(cluster, widgets)
        await stale.__aexit__(None, None, None)
        assert DENIED == await created(cluster, widgets, size=HUGE)

    assert [] == rest.get(f"{ADMISSION}/validatingwebhookconfigurations")["items"]


async def test_two_programs_do_not_fight(cluster, rest):
    """The later one is asked; the earlier one says so and leaves it at that, in its end, too."""
    path = f"{ADMISSION}/validatingwebhookconfigurations/{LOCAL}"

    def asked():
        answer = rest.request("GET", path)
        entries = answer.body["webhooks"] if answer.status < 400 else []
        return {entry["clientConfig"]["url"].split("/")[2] for entry in entries}

    def at(served):
        return {f"127.0.0.1:{served.server.port}"}

    async with serving(cluster, WEBHOOKS) as later:
        async with serving(cluster, WEBHOOKS) as earlier:
            await eventually(asked, where=lambda found: found in (at(earlier), at(later)))
            await later.source.keeper.tend()
            later.source.publisher._is_begun = False
            await later.source.keeper.tend()
            await eventually(asked, equals=at(later))

            await earlier.source.keeper.tend()
            assert at(later) == asked()

        assert at(later) == asked()


# Behind a Service


async def test_a_failing_handler_is_found_by_its_request(cluster, namespace, rest, widgets):
    """The user is told which webhook failed and where to look; the policy refuses."""

    def broken(request: Admission[Widget]) -> None:
        raise ZeroDivisionError(request.uid)

    webhooks = [hook("broken", broken)]
    async with serving(cluster, webhooks, mode="service", namespace=namespace) as served:
        with installed(rest, namespace, webhooks, port=served.server.port):
            text = await eventually(
                lambda: created(cluster, widgets), where=lambda text: "ZeroDivision" in text
            )

    assert 'failed calling webhook "broken.widgets.test.pentad.dev"' in text
    assert "see the log" in text


async def test_ca_bundle_is_injected_and_kept(cluster, namespace, rest, widgets):
    """Ours are set and restored when overwritten; an entry of somebody else's is not touched."""
    async with serving(cluster, WEBHOOKS, mode="service", namespace=namespace) as served:
        with installed(rest, namespace, WEBHOOKS, port=served.server.port) as (path, *_):
            await refused(cluster, widgets)
            found = rest.get(path)
            other = found["webhooks"][0] | {"name": "else.test.pentad.dev", "rules": []}
            other["clientConfig"] = {"service": {"name": "x", "namespace": "x"}}
            cleared = found["webhooks"][0] | {
                "clientConfig": dict(found["webhooks"][0]["clientConfig"])
            }
            cleared["clientConfig"]["caBundle"] = base64.b64encode(
                Authority().pem.encode()
            ).decode()

            rest.request("PUT", path, found | {"webhooks": [other, cleared]}).ok()

            await refused(cluster, widgets)
            entries = {e["name"]: e["clientConfig"] for e in rest.get(path)["webhooks"]}
            assert "caBundle" not in entries["else.test.pentad.dev"]


async def test_replicas_share_their_certificates(cluster, namespace, rest, secret):
    """One that starts later shows what the first one made; a Secret that is lost is restored."""
    options = {"mode": "service", "namespace": namespace}
    async with (
        serving(cluster, WEBHOOKS, **options) as first,
        serving(cluster, WEBHOOKS, **options) as second,
    ):
        made = ring(rest, secret)
        assert made.serving == first.certificate.pair == second.certificate.pair

        rest.delete(secret)
        await eventually(lambda: rest.request("GET", secret).status, equals=200)
        assert made == ring(rest, secret)

    async with serving(cluster, WEBHOOKS, **options) as later:
        assert made.serving == later.certificate.pair


async def test_replicas_that_race_agree(cluster, namespace, rest, secret):
    """Five that start in the same moment show one certificate."""
    options = {"mode": "service", "namespace": namespace}
    release = asyncio.Event()
    shown = []

    async def replica():
        async with serving(cluster, WEBHOOKS, **options) as served:
            shown.append(served.certificate.pair)
            await release.wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(replica())
        await eventually(lambda: len(shown), equals=5, within=30)
        release.set()

    assert {ring(rest, secret).serving} == set(shown)


async def test_ca_rotation_under_load_fails_no_admission(cluster, namespace, rest, widgets, secret):
    """Three authorities follow each other while Widgets are created: every one is judged."""
    options = {"mode": "service", "namespace": namespace, "lives": SWIFT}
    async with (
        serving(cluster, WEBHOOKS, **options) as served,
        serving(cluster, WEBHOOKS, **options) as other,
    ):
        with installed(rest, namespace, WEBHOOKS, port=served.server.port) as paths:
            await refused(cluster, widgets)
            signers = [ring(rest, secret).signer]
            async with load(cluster, widgets) as good, load(cluster, widgets, size=HUGE) as bad:
                for _ in range(3):
                    asked = {"metadata": {"annotations": {ROTATE: "now"}}}
                    rest.merge(secret, asked)
                    await eventually(lambda: ring(rest, secret).signer not in signers, within=20)
                    signers.append(ring(rest, secret).signer)
                    count = len(good)
                    await eventually(lambda count=count: len(good) > count + 20, within=20)

            held = ring(rest, secret)
            await eventually(lambda: bundles(rest, paths), equals={held.bundle.decode()})
            assert ROTATE not in rest.get(secret)["metadata"].get("annotations", {})

    assert {""} == set(good)
    assert {DENIED} == set(bad)
    assert 4 == len(set(signers))
    assert 4 == len(held.authorities)
    assert held.serving == served.certificate.pair == other.certificate.pair
    assert 4 == served.server.statistics().certificates


async def test_t48_certificate_swapped_under_load_fails_no_request(
    cluster, namespace, rest, widgets, tmp_path
):
    """Files with a new certificate, twenty times, while Widgets are created: all are judged."""
    authority = Authority()

    def renew():
        certificate, key = authority.issue(f"{SERVICE}.{namespace}.svc")
        (tmp_path / "tls.crt").write_text(certificate)
        (tmp_path / "tls.key").write_text(key)

    renew()
    options = {"mode": "service", "namespace": namespace, "cert_dir": str(tmp_path)}
    options["limits"] = Limits(age=0)  # each request shakes hands, as connections would be kept
    async with no_leaks(), serving(cluster, WEBHOOKS, **options) as served:
        port = served.server.port
        with installed(rest, namespace, WEBHOOKS, port=port, bundle=authority.pem):
            await refused(cluster, widgets)
            async with load(cluster, widgets) as good, load(cluster, widgets, size=HUGE) as bad:
                for _ in range(20):
                    renew()
                    served.source.poll()
                    count = len(good) + len(bad)
                    await eventually(lambda count=count: len(good) + len(bad) > count + 10)

    assert {""} == set(good)
    assert {DENIED} == set(bad)
    assert 21 == served.server.statistics().certificates


async def test_who_may_not_keep_certificates_is_told(cluster, namespace, tmp_path):
    """One line: what is forbidden, and three ways out."""
    tree = yaml.safe_load(cluster.kubeconfig.read_text())
    tree["users"][0]["user"]["as"] = f"system:serviceaccount:{namespace}:default"
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(tree))

    with pytest.raises(ConfigError, match=r"cannot be kept: .*forbidden.*manifests/rbac"):
        async with serving(KindAccess(path, path), WEBHOOKS, mode="service", namespace=namespace):
            pass


# In the program


async def test_the_program_serves_its_families_webhooks(cluster, namespace, widgets):
    """`--webhooks=url` is all it takes; when the program ends, so do they."""
    settings = config.load(
        [
            f"--kubeconfig={cluster.kubeconfig}",
            f"--namespaces={namespace}",
            "--leader-elect=false",
            "--webhooks=url",
            "--webhook-address=:0",
        ],
        {},
    )
    async with no_leaks(), asyncio.TaskGroup() as group:
        running = group.create_task(
            app.run(settings, configure("json", "warning"), families=[WIDGET_FAMILY])
        )
        await refused(cluster, widgets)
        signal.raise_signal(signal.SIGTERM)

        assert EXIT_CLEAN == await running
    assert "" == await created(cluster, widgets, size=HUGE)
