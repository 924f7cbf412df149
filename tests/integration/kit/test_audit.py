"""The audit log tells what was asked, by whom, and what was refused."""

import contextlib

import pytest

from informers.client import Client
from informers.connection import connect
from informers.errors import Forbidden
from informers.meta.builtin import CONFIG_MAP, SECRET
from informers.request import ListOptions
from tests.integration.connection_world import Account, kubeconfig_for
from tests.kit.audit import Audit, Grant, granted
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
