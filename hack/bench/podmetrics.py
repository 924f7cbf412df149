"""metrics.k8s.io of pods that nobody runs: what a target's load comes to, shared by its pods.

metrics-server would ask kubelets, which fake nodes have none of. So the harness answers in its
stead, through the aggregator of the real API server, lists of a namespace and of one selector
alike; both programs ask it, and what it costs is nobody's. Which pods there are it knows from a
watch of its own.
"""

import asyncio
import base64
import datetime as dt
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from aiohttp import web

from hack.bench.api import Api, ApiError
from hack.bench.process import PeerError
from hack.bench.targets import Targets
from hack.cluster.ports import free_port
from informers.clock import Clock
from tests.kit.certificates import Authority, server_context

_GROUP: Final = "metrics.k8s.io"
_VERSION: Final = "v1beta1"
_ROOT: Final = f"/apis/{_GROUP}/{_VERSION}"
_SERVICE: Final = "podmetrics"
_APISERVICES: Final = "/apis/apiregistration.k8s.io/v1/apiservices"
_WITHIN: Final = 30.0
_OFTEN: Final = 0.2
_SELECTOR: Final = "app="
_SCRAPED: Final = 15
"""Seconds after which metrics-server would have asked again."""


class _Meta(msgspec.Struct, rename="camel", frozen=True):
    name: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    deletion_timestamp: str | None = None


class _Status(msgspec.Struct, frozen=True):
    phase: str = ""


class Pod(msgspec.Struct, frozen=True):
    """As much of a pod as is looked at."""

    metadata: _Meta = _Meta()
    status: _Status = _Status()

    @property
    def is_measured(self) -> bool:
        """Whether a kubelet would tell what it uses."""
        return self.status.phase == "Running" and self.metadata.deletion_timestamp is None


class _Event(msgspec.Struct, frozen=True):
    type: str
    object: Pod


class PodMetrics:
    """What the pods of some targets use."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._pods: defaultdict[str, set[str]] = defaultdict(set)

    def see(self, pod: Pod, *, is_gone: bool = False) -> str:
        """Take note of a pod; returns its version."""
        names = self._pods[pod.metadata.labels.get("app", "")]
        (names.discard if is_gone or not pod.is_measured else names.add)(pod.metadata.name)
        return pod.metadata.resource_version

    def answer(self, namespace: str, selector: str, *, now: dt.datetime) -> dict[str, Any]:
        """Return the list of a namespace, or of one target in it."""
        apps = [selector.removeprefix(_SELECTOR)] if selector else list(self._pods)
        items = (
            [item for app in apps for item in self._items(app, now)]
            if namespace == self._targets.namespace
            else []
        )
        return {
            "kind": "PodMetricsList",
            "apiVersion": f"{_GROUP}/{_VERSION}",
            "metadata": {},
            "items": items,
        }

    def _items(self, app: str, now: dt.datetime) -> list[dict[str, Any]]:
        names, at = self._pods.get(app, set()), now.strftime("%Y-%m-%dT%H:%M:%SZ")
        usage = self._usage(app, len(names), tick=int(now.timestamp()) // _SCRAPED)
        return [
            {
                "metadata": {
                    "name": name,
                    "namespace": self._targets.namespace,
                    "creationTimestamp": at,
                    "labels": {"app": app},
                },
                "timestamp": at,
                "window": "15s",
                "containers": [{"name": "main", "usage": usage}],
            }
            for name in sorted(names)
        ]

    def _usage(self, app: str, sharing: int, *, tick: int) -> Mapping[str, str]:
        load = self._targets.load(app, tick=tick)
        return {"cpu": f"{load * 1_000_000 // max(1, sharing)}n", "memory": "8Mi"}

    async def follow(self, api: Api) -> None:
        """Keep the picture current until cancelled."""
        path = f"/api/v1/namespaces/{self._targets.namespace}/pods"
        page = await api.json("GET", path)
        since = page["metadata"]["resourceVersion"]
        for item in page["items"]:
            self.see(msgspec.convert(item, Pod))
        while True:
            async for event in api.watch(path, since=since, type_=_Event):
                if event.type == "ERROR":
                    raise PeerError("the harness fell behind: the API server forgot its place")
                since = self.see(event.object, is_gone=event.type == "DELETED")


@asynccontextmanager
async def measured(api: Api, targets: Targets, clock: Clock) -> AsyncIterator[PodMetrics]:
    """Have the API server tell what the pods of targets use, as long as the block lasts."""
    found = PodMetrics(targets)
    port, authority = free_port(), Authority()
    runner = web.AppRunner(_application(found, clock), access_log=None)
    await runner.setup()
    try:
        context = server_context()
        authority.arm(context, f"{_SERVICE}.{targets.namespace}.svc")
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(found.follow(api))
            async with _registered(api, targets.namespace, port, authority, clock):
                yield found
            following.cancel()
    finally:
        await runner.cleanup()


def _application(found: PodMetrics, clock: Clock) -> web.Application:
    async def describe(_: web.Request) -> web.Response:
        pods = {"name": "pods", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}
        return _json(
            {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": f"{_GROUP}/{_VERSION}",
                "resources": [pods],
            }
        )

    async def tell(request: web.Request) -> web.Response:
        selector = request.query.get("labelSelector", "")
        namespace = request.match_info["namespace"]
        return _json(found.answer(namespace, selector, now=clock.wall()))

    application = web.Application()
    application.router.add_get(_ROOT, describe)
    application.router.add_get(f"{_ROOT}/namespaces/{{namespace}}/pods", tell)
    return application


def _json(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


@asynccontextmanager
async def _registered(
    api: Api, namespace: str, port: int, authority: Authority, clock: Clock
) -> AsyncIterator[None]:
    """Have the group passed on to a port of loopback, by a Service that is a name for it."""
    services = f"/api/v1/namespaces/{namespace}/services"
    external = {"type": "ExternalName", "externalName": "localhost"}
    await api.apply(
        f"{services}/{_SERVICE}",
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": _SERVICE}, "spec": external},
    )
    name = f"{_VERSION}.{_GROUP}"
    spec = {
        "group": _GROUP,
        "version": _VERSION,
        "groupPriorityMinimum": 1000,
        "versionPriority": 1,
        "caBundle": base64.b64encode(authority.pem.encode()).decode(),
        "service": {"name": _SERVICE, "namespace": namespace, "port": port},
    }
    await api.json("POST", _APISERVICES, {"metadata": {"name": name}, "spec": spec})
    try:
        deadline = clock.monotonic() + _WITHIN
        while not await _is_served(api, f"{_ROOT}/namespaces/{namespace}/pods"):
            if clock.monotonic() > deadline:
                raise PeerError(f"{_GROUP} was not served in {_WITHIN:.0f} s")
            await clock.sleep(_OFTEN)
        yield
    finally:
        await api.json("DELETE", f"{_APISERVICES}/{name}")


async def _is_served(api: Api, path: str) -> bool:
    try:
        await api.json("GET", path)
    except ApiError:
        return False
    return True
