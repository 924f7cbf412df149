"""Webhooks before the real API server: on loopback, or behind a Service that leads there."""

import asyncio
import base64
import concurrent.futures
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from controller.runtime.obs.log import configure
from controller.runtime.permissions import MANAGER
from controller.runtime.registration import Webhook
from controller.runtime.webhook.configuration import configurations
from controller.runtime.webhook.managed import ManagedCertificates
from controller.runtime.webhook.options import SERVICE, WebhookOptions
from controller.runtime.webhook.service import Webhooks
from informers.client import Client
from informers.connection import connect
from tests.kit.builders import widget
from tests.kit.rest import Rest
from tests.kit.widget.api import WIDGET

ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def hook(name: str, handler: Any, mode: str = "validate", **changes: Any) -> Webhook:
    """One webhook on Widgets."""
    return Webhook(name=name, kind=WIDGET, mode=mode, handler=handler, **changes)


@asynccontextmanager
async def serving(cluster, webhooks, *, lives=None, limits=None, **options):
    """Serve webhooks until the block ends; by default on loopback, at any port."""
    served = Webhooks(
        webhooks,
        Client(await connect(kubeconfig=cluster.kubeconfig)),
        log=configure("json", "warning"),
        options=WebhookOptions(**({"mode": "url", "host": "127.0.0.1", "port": 0} | options)),
        lives=lives,
        limits=limits,
    )
    await served.start()
    try:
        if isinstance(served.source, ManagedCertificates):
            async with asyncio.timeout(20):
                await served.source.watching.wait()
        yield served
    finally:
        await served.stop()


@contextmanager
def installed(rest: Rest, namespace: str, webhooks, *, port: int, bundle: str = ""):
    """Install configurations and a Service as the manifests do; the Service leads to loopback.

    Nothing but loopback can be reached from the API server of these tests, and endpoints may not
    be loopback addresses: so the Service is one of type ExternalName, with a port of our choice.
    """
    rest.create(
        f"/api/v1/namespaces/{namespace}/services",
        {
            "metadata": {"name": SERVICE},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        },
    )
    paths = []

    def way(webhook: Webhook) -> dict[str, Any]:
        service = {"name": SERVICE, "namespace": namespace, "path": webhook.path, "port": port}
        trusted = {"caBundle": base64.b64encode(bundle.encode()).decode()} if bundle else {}
        return {"service": service} | trusted

    try:
        for kind, body in configurations(webhooks, name=MANAGER, way=way).items():
            rest.create(kind.path(), body)
            paths.append(kind.path(name=MANAGER))
        yield paths
    finally:
        for path in paths:
            rest.delete(path)


def bundles(rest: Rest, paths) -> set[str]:
    """What the API server is told to trust, in all entries of the configurations."""
    entries = [entry for path in paths for entry in rest.get(path)["webhooks"]]
    return {
        base64.b64decode(entry["clientConfig"].get("caBundle", "")).decode() for entry in entries
    }


async def created(cluster, path: str, **spec: Any) -> str:
    """The same from a thread, as the webhooks are served by this one."""

    def once() -> str:
        rest = Rest(cluster.kubeconfig)
        try:
            return creation(rest, path, **spec)
        finally:
            rest.close()

    return await asyncio.to_thread(once)


def creation(rest: Rest, path: str, name: str = "probe", **spec: Any) -> str:
    """Try to create a Widget, without keeping it; return the refusal, empty if there was none."""
    answer = rest.request("POST", f"{path}?dryRun=All", widget(name, **spec))
    return "" if answer.status < 400 else answer.body["message"]


@asynccontextmanager
async def load(cluster, path: str, *, users: int = 4, **spec: Any):
    """Create Widgets (dry run) from several connections until the block ends.

    Gives a list that every answer is added to.
    """
    answers: list[str] = []
    ended = False

    def user(number: int) -> None:
        rest = Rest(cluster.kubeconfig)
        while not ended:
            answers.append(creation(rest, path, f"load-{number}", **spec))
        rest.close()

    with concurrent.futures.ThreadPoolExecutor(users) as pool:
        futures = [asyncio.wrap_future(pool.submit(user, number)) for number in range(users)]
        try:
            yield answers
        finally:
            ended = True
            await asyncio.wait(futures)
    for future in futures:
        future.result()
