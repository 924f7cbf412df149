"""The manager lives on the generated roles alone: nothing refused, nothing granted in vain.

It runs under its own ServiceAccount and token, through everything it does: election, children,
status, finalizers, events, and cluster-wide also webhooks and asking who scrapes. What was asked is
read from the API server's audit log.
"""

import contextlib

import pytest
import yaml

from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from tests.integration.connection_world import kubeconfig_for
from tests.integration.obs_world import get
from tests.integration.webhook_world import installed
from tests.kit.audit import Audit, Grant, unused_grants
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.widget.family import WIDGET_FAMILY

HOME = "pentad-system"
ACCOUNT = f"/api/v1/namespaces/{HOME}/serviceaccounts"
USER = f"system:serviceaccount:{HOME}:pentad"
FAMILY = ROOT / "tests/kit/widget/manifests/rbac"
RUNTIME = ROOT / "manifests/rbac"
MERGE = "application/merge-patch+json"

NO_CONTROLLER = "nothing reconciles Gadgets"
UNUSED_CLUSTER_WIDE = {
    **{
        Grant(f"gadgets.test.pentad.dev{part}", verb): NO_CONTROLLER
        for part, verbs in (
            ("", ("watch",)),
            ("/status", ("patch",)),
        )
        for verb in verbs
    },
    Grant("customresourcedefinitions.apiextensions.k8s.io", "watch"): "no kind is optional",
    Grant("secrets", "update"): "certificates rotate after weeks",
}


@pytest.fixture
def account(cluster, rest, tmp_path):
    """Return a kubeconfig that is the manager's ServiceAccount and nobody else."""
    for path, name in (("/api/v1/namespaces", HOME), (ACCOUNT, "pentad")):
        assert rest.request("POST", path, {"metadata": {"name": name}}).status in {201, 409}
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    rest.delete(f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/pentad")
    rest.delete(f"/api/v1/namespaces/{HOME}/secrets/pentad-webhook-certificates")
    rest.delete(f"/api/v1/namespaces/{HOME}/services/pentad-webhook")
    token = rest.create(f"{ACCOUNT}/pentad/token", asked)["status"]["token"]
    path = kubeconfig_for(tmp_path / "pentad", cluster.kubeconfig, user={"token": token})
    config = yaml.safe_load(path.read_text())
    config["contexts"][0]["context"]["namespace"] = HOME
    path.write_text(yaml.safe_dump(config))
    return path


@contextlib.contextmanager
def applied(kubectl, *folders):
    """Apply folders and files as a user would, each with its namespace; yields what is in them."""
    texts = [
        kubectl("kustomize", str(folder)) if folder.is_dir() else folder.read_text()
        for folder, _ in folders
    ]
    try:
        for text, (_, options) in zip(texts, folders, strict=True):
            kubectl("apply", "--server-side", *options, "-f", "-", stdin=text)
        yield [each for text in texts for each in yaml.safe_load_all(text)]
    finally:
        for text, (_, options) in zip(texts, folders, strict=True):
            kubectl("delete", "--wait=false", *options, "-f", "-", stdin=text)


async def live(rest, widgets, namespace):
    """Lead Widgets through everything that can happen to them."""

    async def change(name, **spec):
        rest.request("PATCH", f"{widgets}/{name}", {"spec": spec}, content_type=MERGE).ok()
        await settled(name)

    async def settled(name):
        def is_current(found):
            wanted = found["metadata"]["generation"]
            conditions = found.get("status", {}).get("conditions", [])
            return wanted in {each["observedGeneration"] for each in conditions}

        await eventually(lambda: rest.get(f"{widgets}/{name}"), where=is_current, within=30)

    taken(rest, namespace, "stuck-0")
    for made in (widget(children=2), widget("stuck", children=1)):
        await eventually(lambda made=made: rest.request("POST", widgets, made).status, equals=201)
        await settled(made["metadata"]["name"])
    await change("w", children=1)
    await change("stuck", size=2)
    await eventually(
        lambda: events(rest, namespace), where=lambda told: told and told[0]["count"] > 1
    )
    for name in ("w", "stuck"):
        rest.delete(f"{widgets}/{name}")
        await eventually(
            lambda name=name: rest.request("GET", f"{widgets}/{name}").status, equals=404
        )


def events(rest, namespace):
    """Return the Events about children that belong to others."""
    found = rest.get(f"/api/v1/namespaces/{namespace}/events")["items"]
    return [event for event in found if event["reason"] == "ChildTaken"]


def taken(rest, namespace, name):
    """Make a ConfigMap that is another's."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    holder = rest.create(path, {"metadata": {"name": "holder"}})["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "controller": True}
    owners = [reference | {"name": "holder", "uid": holder["uid"]}]
    rest.create(path, {"metadata": {"name": name, "ownerReferences": owners}})


def check(audit, roles, unexplained):
    """Nothing was refused; what was not used is known to be seldom, or explained here."""
    assert [] == audit.refused()
    unused = unused_grants(audit, roles)
    assert unexplained.keys() == {grant for grant, reason in unused.items() if not reason}


async def test_roles_of_namespaces_are_enough(
    cluster, account, start, kubectl, rest, widgets, namespace
):
    """With --namespaces, Roles in those namespaces and its own are all the manager needs."""
    folders = (
        (RUNTIME / "manager", ()),
        (RUNTIME / "namespaced" / "runtime.yaml", ("-n", namespace)),
        (FAMILY / "namespaced", ("-n", namespace)),
    )
    with applied(kubectl, *folders) as roles:
        audit = Audit(cluster.audit_log, user=USER)
        manager = start(f"--kubeconfig={account}", f"--lease-namespace={HOME}")
        await live(rest, widgets, namespace)

        assert 0 == manager.stop(), manager.text()
        check(audit, roles, {})


async def test_roles_of_the_cluster_are_enough(
    cluster, account, start, kubectl, rest, widgets, namespace
):
    """Cluster-wide, with webhooks and with scrapes that have to say who they are."""
    webhooks, metrics = free_port(), free_port()
    with (
        applied(
            kubectl,
            (RUNTIME / "runtime.yaml", ()),
            (RUNTIME / "manager", ()),
            (RUNTIME / "webhooks", ()),
            (RUNTIME / "metrics-auth", ()),
            (FAMILY, ()),
        ) as roles,
        installed(rest, HOME, WIDGET_FAMILY.webhooks, port=webhooks),
    ):
        audit = Audit(cluster.audit_log, user=USER)
        manager = start(
            f"--kubeconfig={account}",
            f"--lease-namespace={HOME}",
            "--namespaces=",
            "--webhooks=service",
            f"--webhook-address=127.0.0.1:{webhooks}",
            f"--metrics-address=127.0.0.1:{metrics}",
            "--metrics-auth=true",
        )
        await live(rest, widgets, namespace)
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        token = rest.create(f"{accounts}/default/token", asked)["status"]["token"]
        page = await get(metrics, "/metrics", Authorization=f"Bearer {token}")

        assert 403 == page.code, "a stranger may not scrape"
        assert 0 == manager.stop(), manager.text()
        check(audit, roles, UNUSED_CLUSTER_WIDE)
