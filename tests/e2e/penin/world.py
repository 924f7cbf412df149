"""PENIN-Ω clusters of real pods: made, looked at, and told to misbehave."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from hack.cluster.cluster import Cluster
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.cluster.services import SERVICES
from tests.e2e.install_world import PATIENCE, REGISTRY, RELEASE
from tests.kit.audit import entries
from tests.kit.eventually import eventually_blocking
from tests.kit.images import ensure
from tests.kit.rest import Answer, Rest

RELEASES: Final = (RELEASE, "0.9.1", "0.9.2-bad", "0.9.3-worse")
REDIS: Final = "local/redis:1"
SMALL: Final = {"cpu": "20m", "memory": "64Mi"}
PORTS: Final = {role.label: role.port for role in SERVICES}


def spec(**more: Any) -> dict[str, Any]:
    """Return what a cluster of small pods is to be; a change that gets stuck does so soon."""
    return {
        "resources": {role.key: SMALL for role in SERVICES},
        "rollout": {"progressDeadline": "20s"},
        **more,
    }


@attrs.frozen
class Penin:
    """One cluster of real pods in a namespace of its own."""

    rest: Rest
    namespace: str
    name: str = "a"

    @property
    def path(self) -> str:
        """Where the cluster is."""
        return PENIN_OMEGA_CLUSTER.path(self.namespace, self.name)

    def create(self, **more: Any) -> None:
        """Make it."""
        body = {
            "apiVersion": PENIN_OMEGA_CLUSTER.api_version,
            "kind": PENIN_OMEGA_CLUSTER.kind,
            "metadata": {"name": self.name},
            "spec": spec(**more),
        }
        self.rest.create(PENIN_OMEGA_CLUSTER.path(self.namespace), body)

    def change(self, **more: Any) -> None:
        """Change single leaves of its spec."""
        self.rest.merge(self.path, {"spec": more})

    def end(self) -> None:
        """Delete it, if it is there, and wait until its pods are gone."""
        self.rest.request("DELETE", self.path)
        eventually_blocking(lambda: len(self.pods()), equals=0, within=PATIENCE)

    def now(self) -> dict[str, Any]:
        """Return it as it is."""
        return self.rest.get(self.path)

    def becomes(self, phase: str, where: Callable[[dict[str, Any]], Any] = bool) -> dict[str, Any]:
        """Wait until its status speaks of its newest spec and has this phase, and more."""

        def is_so(found: dict[str, Any]) -> bool:
            status = found.get("status", {})
            current = status.get("observedGeneration") == found["metadata"]["generation"]
            return current and status.get("phase") == phase and bool(where(found))

        return eventually_blocking(self.now, where=is_so, within=PATIENCE)

    def pods(self, service: str = "") -> dict[str, dict[str, Any]]:
        """Return its pods that are not about to end, by name."""
        query = f"?labelSelector=cluster%3D{self.name}" + (
            f"%2Cservice%3D{service}" if service else ""
        )
        found = self.rest.get(f"/api/v1/namespaces/{self.namespace}/pods{query}")["items"]
        return {
            each["metadata"]["name"]: each
            for each in found
            if "deletionTimestamp" not in each["metadata"]
        }

    def uids(self) -> dict[str, set[str]]:
        """Return the pods of each service: the same as before only if none was replaced."""
        found: dict[str, set[str]] = {}
        for each in self.pods().values():
            meta = each["metadata"]
            found.setdefault(meta["labels"]["service"], set()).add(meta["uid"])
        return found

    def tell(self, service: str, **behaviour: Any) -> None:
        """Tell all pods of a service how to behave from now on."""
        for name in self.pods(service):
            self.rest.request("POST", f"{self._inside(name, service)}/misbehave", behaviour).ok()

    def send(self, service: str, path: str, body: Mapping[str, Any]) -> Answer:
        """Post something to one pod of a service; return what it answers."""
        name = next(iter(self.pods(service)))
        return self.rest.request("POST", f"{self._inside(name, service)}/{path}", dict(body))

    def post(self, service: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post something to one pod of a service that is to succeed."""
        return self.send(service, path, body).ok()

    def hear(self, service: str, path: str) -> Any:
        """Return what one pod of a service answers."""
        name = next(iter(self.pods(service)))
        return self.rest.get(f"{self._inside(name, service)}/{path}")

    def _inside(self, pod: str, service: str) -> str:
        at = f"/api/v1/namespaces/{self.namespace}/pods/{pod}:{PORTS[service]}"
        return f"{at}/proxy"

    def events(self) -> set[str]:
        """Return the reasons of all Events about it."""
        found = self.rest.get(f"/api/v1/namespaces/{self.namespace}/events")["items"]
        return {
            each["reason"]
            for each in found
            if each["involvedObject"].get("name") == self.name and each["lastTimestamp"]
        }


def condition(found: dict[str, Any], kind: str) -> tuple[str, str]:
    """Return what a condition says."""
    (one,) = (each for each in found["status"]["conditions"] if each["type"] == kind)
    return one["status"], one["reason"]


@attrs.frozen(kw_only=True)
class Start:
    """How long a cluster took to run, in seconds since it was applied, by the audit log."""

    made: float
    ready: float
    running: float

    @property
    def ours(self) -> float:
        """What of it passed with us: until the last child was made, and after all were ready."""
        return self.made + self.running - self.ready


def start(log: Path, penin: Penin) -> Start:
    """Tell how a cluster that runs, and was never changed, came to it."""
    moments: dict[str, list[dt.datetime]] = {}
    for entry in entries(log):
        about = entry.object_ref
        if about.namespace == penin.namespace and entry.stage == "ResponseComplete":
            part = f"{entry.verb}/{about.resource}/{about.subresource}"
            moments.setdefault(part, []).append(entry.at)
    (began,) = moments["create/peninaomegaclusters/"]
    ready = max(moments["update/deployments/status"])
    told = min(at for at in moments["patch/peninaomegaclusters/status"] if at > ready)

    def since(moment: dt.datetime) -> float:
        return (moment - began).total_seconds()

    made = max(moments["patch/deployments/"])
    return Start(made=since(made), ready=since(ready), running=since(told))


def load_services(real: Cluster) -> None:
    """Give the node what clusters consist of, in all releases."""
    ensure(real, "redis", [f"docker.io/{REDIS}"])
    names = [f"{REGISTRY}/penin-{role.label}:{tag}" for tag in RELEASES for role in SERVICES]
    ensure(real, "penin-service", names)
