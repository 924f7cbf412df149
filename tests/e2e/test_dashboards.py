"""Every panel and every rule on a real Prometheus that scrapes a real manager at work."""

import contextlib
import itertools
import json
import math
import ssl
import subprocess
import sys
from http.client import HTTPSConnection

import attrs
import pytest
import yaml

from controller.runtime.obs.registry import RUNTIME
from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from hack.gen.crd import definitions
from hack.gen.observability.dashboard import EMPTY
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT
from reconcilers.penin import exported as penin
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.ledger.entries import HEAD, Place, labels
from reconcilers.vertice import exported as vertice
from reconcilers.vertice.api.scaler import VERTICE_SCALER, VerticeScaler
from tests.e2e.conftest import PROGRAM
from tests.e2e.penin_service import StandIn, telling
from tests.e2e.test_manager import certified
from tests.integration.vertice.world import deployment, scaler
from tests.kit.builders import widget
from tests.kit.certificates import Authority
from tests.kit.crds import established
from tests.kit.eventually import eventually
from tests.kit.prometheus import Prometheus, Target
from tests.kit.widget.family import WIDGET_FAMILY

MANAGER = [*PROGRAM[:-1], "tests.e2e.figures_manager"]
OBSERVABILITY = ROOT / "manifests/observability"
DASHBOARDS = sorted((OBSERVABILITY / "dashboards").glob("*.json"))
RULES = sorted((OBSERVABILITY / "rules").glob("*.rules.yaml"))
VARIABLES = {
    "$__rate_interval": "1m",
    **dict.fromkeys(("$job", "$namespace", "$cluster", "$scaler"), ".*"),
}
WITHIN = 60


@attrs.frozen
class World:
    """What is scraped, and who scrapes it."""

    prometheus: Prometheus
    service: StandIn
    webhooks: str
    authority: Authority
    cluster: str

    def review(self) -> None:
        """Have a webhook judge a Widget, as the API server would."""
        host, _, port = self.webhooks.partition(":")
        request = {"uid": "u", "operation": "CREATE", "object": widget("w")}
        body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        trusting = ssl.create_default_context(cadata=self.authority.pem)
        trusting.check_hostname = False
        connection = HTTPSConnection(host, int(port), context=trusting, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            path = WIDGET_FAMILY.webhooks[0].path
            connection.request("POST", path, json.dumps(body), headers)
            assert 200 == connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def clusters(kubectl, namespace):
    """Return the path of a PENIN-Ω cluster, its kind served."""
    serve(kubectl, PeninOmegaCluster)
    return PENIN_OMEGA_CLUSTER.path(namespace)


@pytest.fixture
def scalers(kubectl, namespace):
    """Return the path of scalers, their kind served."""
    serve(kubectl, VerticeScaler)
    return VERTICE_SCALER.path(namespace)


def serve(kubectl, type_):
    """Have the API server know a kind."""
    crd = yaml.safe_dump(definitions([type_])[0])
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=crd)
    established(kubectl, f"crd/{type_.definition.kind.resource}")


def scaled(rest, namespace, scalers, prometheus):
    """Make a scaler that goes by an answer of a Prometheus; it wants three pods instead of two.

    What it foresees has a history, as a number without samples has always been the same.
    """
    rest.create(DEPLOYMENT.path(namespace), deployment())
    query = {"query": "vector(3)", "target": "1"}
    body = scaler(
        metrics=[{"type": "external", "external": query}],
        prometheus={"address": prometheus.url},
        prediction={},
    )
    rest.create(scalers, body)


@contextlib.contextmanager
def writing(cluster, rest, namespace, folder):
    """Run a ledger-writer that has nothing to write; return where its figures are."""
    head = {"name": Place(namespace=namespace, cluster="a").head, "labels": labels("a", HEAD)}
    rest.create(CONFIG_MAP.path(namespace), {"metadata": head})
    address = f"127.0.0.1:{free_port()}"
    command = [
        *(sys.executable, "-m", "controller", "ledger-writer", "--cluster=a"),
        *(f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"),
        *(f"--path={folder / 'ledger.jsonl'}", f"--address={address}"),
    ]
    with (folder / "writer.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
async def world(start, cluster, prometheus, clusters, scalers, widgets, rest, namespace, tmp_path):
    """Return a manager that was scraped before it began to work, and has worked since."""
    authority = certified(tmp_path)
    webhooks, figures = (f"127.0.0.1:{free_port()}" for _ in range(2))
    serving = (f"--webhook-address={webhooks}", f"--webhook-cert-dir={tmp_path}")
    manager = start(f"--metrics-address={figures}", "--webhooks=service", *serving, program=MANAGER)
    await eventually(lambda: "workers_started" in manager.events(), within=WITHIN)
    with telling(alpha=0.78) as service, writing(cluster, rest, namespace, tmp_path) as ledger:
        labels = {"job": "pentad", "namespace": "pentad-system", "pod": "pentad-0"}
        whose = {"namespace": namespace, "cluster": "a", "service": "omega-meta", "pod": "a-0"}
        targets = [
            Target(figures, labels),
            Target(service.address, {"job": "penin", **whose}),
            Target(ledger, {"job": "penin", **whose, "service": "ledger-writer", "pod": "a-1"}),
        ]
        made = World(prometheus(targets, rules=RULES), service, webhooks, authority, "a")
        await eventually(made.prometheus.unhealthy, equals=[], within=WITHIN)
        meta = {"metadata": {"name": made.cluster}}
        kind = {"apiVersion": PENIN_OMEGA_CLUSTER.api_version, "kind": PENIN_OMEGA_CLUSTER.kind}
        rest.create(clusters, {**kind, **meta, "spec": {}})
        rest.create(widgets, widget("w", children=2))
        scaled(rest, namespace, scalers, made.prometheus)
        made.review()
        service.work()
        yield made
    assert 0 == manager.stop()


def panels():
    """Return every query of every dashboard: its place, and the expression."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                place = f"{path.stem}: {panel['title']}: {target['legendFormat']}"
                yield place, filled(target["expr"])


def filled(expression):
    """Return an expression with the variables of its dashboard filled in, all chosen."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def is_empty(found):
    """Whether there is nothing to draw: no series, or none that has a number."""
    return all(math.isnan(float(series["value"][1])) for series in found)


async def test_no_panel_is_empty(world, rest, widgets):
    """Not even those that may be: this manager elects, serves webhooks, and has a cluster."""
    sizes = itertools.cycle((2, 3))

    def empty():
        """Have everybody work, as there is no duration of what is not done; then look."""
        rest.merge(f"{widgets}/w", {"spec": {"size": next(sizes)}})
        world.review()
        world.service.work()
        return [place for place, query in panels() if is_empty(world.prometheus.query(query))]

    await eventually(empty, equals=[], within=WITHIN)
    assert {"job", "namespace", "cluster", "scaler"} == {*offered(world.prometheus)}


def offered(prometheus):
    """Return by variable what can be chosen at the top of the dashboards; all have something."""
    found = {}
    for path in DASHBOARDS:
        for variable in json.loads(path.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                inside = variable["definition"].removeprefix("label_values(").removesuffix(")")
                series, _, label = inside.rpartition(", ")
                match = {"match[]": filled(series)}
                found[variable["name"]] = prometheus.ask(f"label/{label}/values", **match)
    assert all(found.values()), found
    return found


def test_a_panel_that_may_be_empty_says_why():
    """The reason stands in its description, where whoever looks at it reads it."""
    reasons = [
        panel["description"].partition(EMPTY)[2]
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        if EMPTY in panel.get("description", "")
    ]

    assert all(reason.endswith(".") for reason in reasons)


async def test_every_figure_that_is_told_is_declared_and_the_other_way_round(world):
    """Names and labels on the wire are those that dashboards were checked against."""
    declared = [
        *RUNTIME,
        *penin.OF_CLUSTERS,
        *penin.OF_SERVICES,
        *penin.OF_LEDGERS,
        *vertice.OF_SCALERS,
    ]
    wanted = {name: {*labels} for each in declared for name, labels in each.series.items()}
    scraped = {"__name__", "job", "instance", "namespace", "pod", "cluster", "service"}

    def told():
        found = {}
        match = {"match[]": '{__name__=~"(pentad|penin|vertice)_.+",__name__!~".+_created"}'}
        for series in world.prometheus.ask("series", **match):
            found.setdefault(series["__name__"], set()).update(series)
        return {
            name: labels - (scraped - wanted.get(name, set())) for name, labels in found.items()
        }

    await eventually(told, equals=wanted, within=WITHIN)


async def test_no_alert_fires_while_all_is_well(world):
    """Every rule is understood and evaluated; none of those without patience fires."""

    def evaluated():
        rules = [
            rule for group in world.prometheus.ask("rules")["groups"] for rule in group["rules"]
        ]
        assert all(rule["lastEvaluation"] > "0001-01-02" for rule in rules)
        return rules

    rules = await eventually(evaluated, within=WITHIN)

    names = {rule["alert"] for path in RULES for rule in _rules(path)}
    assert names == {rule["name"] for rule in rules}
    assert {"ok"} == {rule["health"] for rule in rules}
    assert [] == [rule["name"] for rule in rules if rule["state"] == "firing"]


def _rules(path):
    return [rule for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


async def test_series_of_a_cluster_end_with_it(world, rest, clusters):
    """They follow its state while it lives, and no alert remembers it afterwards."""
    running = 'penin_cluster_phase{phase="Running"} == 1'
    (found,) = await eventually(lambda: world.prometheus.query(running), within=WITHIN)
    assert world.cluster == found["metric"]["name"]

    rest.delete(f"{clusters}/{world.cluster}")

    everything = '{__name__=~"penin_cluster_.+"}'
    await eventually(lambda: world.prometheus.query(everything), equals=[], within=WITHIN)


async def test_series_of_a_scaler_tell_what_it_does_and_end_with_it(world, rest, scalers):
    """The number of pods was changed once, which is told as one change upwards."""
    changes = "vertice_scaler_scaling_events_total"

    def told():
        found = world.prometheus.query(changes)
        return {each["metric"]["direction"]: each["value"][1] for each in found}

    await eventually(told, equals={"up": "1", "down": "0"}, within=WITHIN)
    (wanted,) = world.prometheus.query("vertice_scaler_desired_replicas")
    assert "3" == wanted["value"][1]

    rest.delete(f"{scalers}/web")

    everything = '{__name__=~"vertice_scaler_.+"}'
    await eventually(lambda: world.prometheus.query(everything), equals=[], within=WITHIN)
