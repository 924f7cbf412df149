"""The audit log tells what was asked, by whom, and what was refused."""

import contextlib

import pytest

from hack.gen.__main__ import ROOT
from informers.client import Client
from informers.connection import connect
from informers.errors import Forbidden
from informers.meta.builtin import CONFIG_MAP, SECRET
from informers.request import ListOptions
from tests.integration.connection_world import Account, kubeconfig_for
from tests.kit.audit import SELDOM, Audit, Grant, granted, seldom, unused_grants
from tests.kit.eventually import eventually


async def test_used_and_refused_are_told_apart(cluster, rest, namespace, tmp_path):
    """A refusal is told with its address and counts as no use; what others do does not count."""
    account = Account.create(rest, namespace)
    account.grant("list")
    path = kubeconfig_for(
        tmp_path / "config", cluster.kubeconfig, user={"token": account.token("t")}
    )
    rest.get(f"/api/v1/namespaces/{namespace}/configmaps")
    where = ListOptions(namespace=namespace)
    client = Client(await connect(kubeconfig=path))

    async def is_allowed():
        with contextlib.suppress(Forbidden):  # the server hears of a role a moment later
            await client.list(CONFIG_MAP, where)
            return True
        return False

    await eventually(is_allowed)
    audit = Audit(cluster.audit_log, user=account.user)
    await client.list(CONFIG_MAP, where)
    with pytest.raises(Forbidden):
        await client.list(SECRET, where)
    await client.close()

    assert {Grant("configmaps", "list")} == audit.used()
    [refused] = audit.refused()
    assert refused.startswith(f"list /api/v1/namespaces/{namespace}/secrets")
    assert refused.endswith(": 403")


def test_only_bound_roles_grant():
    """A role that is bound to nobody grants nothing; subresources and groups are told apart."""
    rule = {"apiGroups": ["a.io"], "resources": ["xs", "xs/status"], "verbs": ["get"]}
    role = {"metadata": {"name": "bound"}, "rules": [rule]}
    loose = {"metadata": {"name": "loose"}, "rules": [rule | {"resources": ["ys"]}]}
    binding = {"metadata": {"name": "b"}, "roleRef": {"name": "bound"}}

    found = granted([role, loose, binding])

    assert found == {Grant("xs.a.io", "get"), Grant("xs.a.io/status", "get")}


@pytest.mark.parametrize(
    ("resource", "verb", "is_seldom"),
    [
        ("widgets.a.io", "list", True),
        ("widgets.a.io", "get", True),
        ("widgets.a.io/finalizers", "update", True),
        ("widgets.a.io/status", "get", False),
        ("widgets.a.io", "watch", False),
        ("widgets.a.io", "delete", False),
    ],
)
def test_what_is_seldom_used_has_a_reason(resource, verb, is_seldom):
    """Only what every undisturbed run goes without is explained for all; the rest is not."""
    assert is_seldom == bool(seldom(Grant(resource, verb)))


async def test_an_apply_that_creates_uses_both(cluster, rest, namespace, tmp_path):
    """It is logged as a patch and has to be allowed as a create; one that changes is a patch."""
    account = Account.create(rest, namespace)
    account.grant("patch", "create", "delete")
    path = kubeconfig_for(
        tmp_path / "config", cluster.kubeconfig, user={"token": account.token("t")}
    )
    client = Client(await connect(kubeconfig=path))
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}

    async def is_allowed():
        with contextlib.suppress(Forbidden):  # the server hears of a role a moment later
            await client.apply(CONFIG_MAP, "a", body, namespace=namespace, manager="test")
            return True
        return False

    audit = Audit(cluster.audit_log, user=account.user)
    await eventually(is_allowed)
    await client.close()
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "delete", "get"]}]
    roles = [
        {"metadata": {"name": "r"}, "rules": rules},
        {"metadata": {"name": "b"}, "roleRef": {"name": "r"}},
    ]

    unused = unused_grants(audit, roles)

    assert {Grant("configmaps", "create"), Grant("configmaps", "patch")} <= audit.used()
    assert {Grant("configmaps", "delete"): "", Grant("configmaps", "get"): SELDOM["get"]} == unused


def test_the_guide_has_the_same_reasons():
    """The table that users read is the one that tests go by."""
    guide = (ROOT / "docs/guide/testkit.md").read_text()

    assert [] == [reason for reason in SELDOM.values() if f"| {reason} |" not in guide]
