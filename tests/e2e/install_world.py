"""Installations on a real node: what is there, who leads, and what is left of one."""

import contextlib
import functools
import json

import attrs
import yaml

from hack.gen.__main__ import ROOT
from tests.kit.audit import Audit
from tests.kit.eventually import eventually_blocking
from tests.kit.images import ensure

MANIFESTS = ROOT / "manifests"
CHART = MANIFESTS / "chart/pentad"
CRDS = MANIFESTS / "crd"
REGISTRY = "ghcr.io/danielgonzagat"
SERVICES = ("omega-meta", "sigma-guard", "sr-omega-infinity", "acfa-league")
RELEASE = "0.9.0"
VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
PATIENCE = 120
FLEETING = (
    "events",
    "endpoints",
    "endpointslices",
    "ipaddresses",  # the API server's own book of addresses, put right every few minutes
    "leases",
    "componentstatuses",
    "pods.metrics",
    "nodes.metrics",
)
"""Kinds whose objects come and go by themselves."""


@attrs.frozen
class Operator:
    """The operator of one family, installed alone as it is printed for users."""

    family: str
    home: str

    @property
    def name(self):
        """What its Deployment, its Lease and its ServiceAccount are called."""
        return f"{self.family}-operator"

    @property
    def user(self):
        """Who it is to the API server."""
        return f"system:serviceaccount:{self.home}:{self.name}"

    @property
    def image(self):
        """What its pods are made of."""
        return f"{REGISTRY}/{self.name}:{VERSION}"

    @property
    def manifest(self):
        """Where it is printed."""
        return MANIFESTS / f"install/{self.family}.yaml"

    def apply(self, ask):
        """Install it as users do."""
        ask("apply", "--server-side", "-k", str(CRDS))
        ask("apply", "-f", str(self.manifest))

    @contextlib.contextmanager
    def installed(self, real, ask):
        """Have it run, and tell what it asks for; it is refused nothing, and leaves nothing."""
        audit = Audit(real.audit_log, user=self.user)
        ensure(real, "pentad", [self.image])
        before = everything(ask)
        try:
            self.apply(ask)
            self.rolled_out(ask)
            yield audit
            assert [] == audit.refused()
        finally:
            cleared(ask, self.manifest)
        eventually_blocking(lambda: everything(ask) - before, equals=set(), within=PATIENCE)

    def rolled_out(self, ask):
        """Wait until all replicas are of the newest kind and available."""
        ask(
            "rollout",
            "status",
            f"deployment/{self.name}",
            f"--namespace={self.home}",
            f"--timeout={PATIENCE}s",
            within=PATIENCE + 9,
        )

    def pods(self, ask):
        """Return its pods that are not about to end, by name."""
        return pods(ask, self.home, f"app.kubernetes.io/instance={self.name}")

    def leader(self, ask):
        """Return the pod that holds the Lease; nothing when nobody does."""
        lease = json.loads(ask("get", "lease", self.name, f"-n={self.home}", "-o=json"))
        return lease["spec"].get("holderIdentity", "").rpartition("_")[0]

    def led_by_another(self, ask, before, *, within):
        """Wait for another leader among the pods that are there; return it."""

        def other():
            found = self.leader(ask)
            return found if found != before and found in self.pods(ask) else ""

        return eventually_blocking(other, where=bool, within=within)


PENIN = Operator("penin", home="penin-system")


def load_images(cluster, *, manager=("pentad", "penin-operator")):
    """Give the node the image of the manager under its names, and the stand-in of the services."""
    ensure(cluster, "pentad", [f"{REGISTRY}/{name}:{VERSION}" for name in manager])
    ensure(cluster, "penin-service", [f"{REGISTRY}/penin-{name}:{RELEASE}" for name in SERVICES])


def everything(ask):
    """Return every object there is, apart from what comes and goes and from tests' namespaces."""
    listed = ask("api-resources", "--verbs=list", "--output=name").split()
    kinds = ",".join(kind for kind in listed if not kind.startswith(FLEETING))
    line = "{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}{'\\n'}{end}"
    found = ask("get", kinds, "--all-namespaces", f"--output=jsonpath={line}").splitlines()
    return {each for each in found if "/test-" not in each}


def sample(name="penin-dev"):
    """Return the cluster of the development sample."""
    text = (MANIFESTS / "samples/penin/cluster-dev.yaml").read_text()
    body = yaml.safe_load(text)
    body["metadata"]["name"] = name
    return body


def cleared(ask, *paths):
    """Take an installation away in the order that is documented, however far a test came."""
    if "penin" in ask("get", "crd", "--output=name"):
        ask("delete", "penin", "--all", "--all-namespaces", within=PATIENCE)
    for path in paths:
        ask("delete", "--ignore-not-found", "-f", str(path), within=PATIENCE)
    ask("delete", "--ignore-not-found", "-k", str(CRDS), within=PATIENCE)


def pods(ask, home, selector):
    """Return the pods that are not about to end, by name."""
    found = json.loads(ask("get", "pods", f"-n={home}", f"-l={selector}", "-o=json"))["items"]
    return {
        each["metadata"]["name"]: each
        for each in found
        if "deletionTimestamp" not in each["metadata"]
    }


def phase(ask, room, name):
    """Return the phase of a cluster."""
    return ask("get", "penin", name, f"-n={room}", "-o=jsonpath={.status.phase}")


def running(ask, room, name="penin-dev"):
    """Wait until a cluster says that it runs."""
    eventually_blocking(
        functools.partial(phase, ask, room, name), equals="Running", within=PATIENCE
    )


def uids(ask, room, name="penin-dev"):
    """Return the pods of a cluster's services: the same as before only if none was replaced."""
    found = pods(ask, room, f"app=penin-omega,cluster={name}")
    return {
        each["metadata"]["labels"]["service"]: each["metadata"]["uid"] for each in found.values()
    }
