"""The manager lives on the generated roles alone: nothing refused, nothing granted in vain.

It runs under its own ServiceAccount and token, through everything it does: election, children,
status, finalizers, events, and cluster-wide also webhooks and asking who scrapes. What was asked is
read from the API server's audit log.
"""

import pytest
import yaml

from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from tests.e2e.account_world import HOME, RBAC, USER, account, applied
from tests.integration.obs_world import get
from tests.integration.webhook_world import installed
from tests.kit.audit import Audit, Grant, unexplained
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.widget.family import WIDGET_FAMILY

FAMILY = ROOT / "tests/kit/widget/manifests/rbac"
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
def kubeconfig(cluster, rest, tmp_path):
    """Return the manager's own; nothing is left of another test's manager."""
    path = account(rest, cluster, tmp_path)
    rest.delete(f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/pentad")
    rest.delete(f"/api/v1/namespaces/{HOME}/secrets/pentad-webhook-certificates")
    rest.delete(f"/api/v1/namespaces/{HOME}/services/pentad-webhook")
    config = yaml.safe_load(path.read_text())
    config["contexts"][0]["context"]["namespace"] = HOME
    path.write_text(yaml.safe_dump(config))
    return path


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


async def test_roles_of_namespaces_are_enough(
    cluster, kubeconfig, start, kubectl, rest, widgets, namespace
):
    """With --namespaces, Roles in those namespaces and its own are all the manager needs."""
    folders = (
        (RBAC / "manager", ()),
        (RBAC / "namespaced" / "runtime.yaml", ("-n", namespace)),
        (FAMILY / "namespaced", ("-n", namespace)),
    )
    with applied(kubectl, *folders) as roles:
        audit = Audit(cluster.audit_log, user=USER)
        manager = start(f"--kubeconfig={kubeconfig}", f"--lease-namespace={HOME}")
        await live(rest, widgets, namespace)

        assert 0 == manager.stop(), manager.text()
        assert [] == audit.refused()
        assert set() == unexplained(audit, roles)


async def test_roles_of_the_cluster_are_enough(
    cluster, kubeconfig, start, kubectl, rest, widgets, namespace
):
    """Cluster-wide, with webhooks and with scrapes that have to say who they are."""
    webhooks, metrics = free_port(), free_port()
    with (
        applied(
            kubectl,
            (RBAC / "runtime.yaml", ()),
            (RBAC / "manager", ()),
            (RBAC / "webhooks", ()),
            (RBAC / "metrics-auth", ()),
            (FAMILY, ()),
        ) as roles,
        installed(rest, HOME, WIDGET_FAMILY.webhooks, port=webhooks),
    ):
        audit = Audit(cluster.audit_log, user=USER)
        manager = start(
            f"--kubeconfig={kubeconfig}",
            f"--lease-namespace={HOME}",
            "--namespaces=",
            "--webhooks=service",
            f"--webhook-address=127.0.0.1:{webhooks}",
            f"--metrics-address=127.0.0.1:{metrics}",
            "--metrics-auth=true",
        )
        await live(rest, widgets, namespace)
        token = rest.token(namespace, "default")
        page = await get(metrics, "/metrics", Authorization=f"Bearer {token}")

        assert 403 == page.code, "a stranger may not scrape"
        assert 0 == manager.stop(), manager.text()
        assert [] == audit.refused()
        assert UNUSED_CLUSTER_WIDE.keys() == unexplained(audit, roles)
