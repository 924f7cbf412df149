"""The stand-in sends objects to a real API server with a token, and hands back what it says."""

import base64
import json

import pytest
import yaml

from tests.standin.penin.account import Account

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: proposes}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [create]}]
"""
OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}}


@pytest.fixture
def account(cluster, kubectl, namespace, tmp_path):
    """Return an account that may create ConfigMaps, with its files as a pod has them."""
    where = ("--namespace", namespace)
    kubectl("create", "serviceaccount", "sr", *where)
    kubectl("apply", *where, "-f", "-", stdin=ROLE)
    bound = f"--serviceaccount={namespace}:sr"
    kubectl("create", "rolebinding", "sr", "--role=proposes", bound, *where)
    (tmp_path / "token").write_text(kubectl("create", "token", "sr", *where))
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(authority))
    host, _, port = cluster.server.removeprefix("https://").rpartition(":")
    return Account(host, int(port), namespace, tmp_path)


def test_an_object_is_created_in_the_namespace_of_the_pod(account, namespace, rest):
    """As it was sent, by the account itself."""
    status, _ = account.create(OBJECT)
    made = rest.get(f"/api/v1/namespaces/{namespace}/configmaps/x")

    assert 201 == status
    assert {"a": "1"} == made["data"]


def test_a_refusal_is_handed_back(account):
    """What the account may not do, the API server says."""
    status, answer = account.create(OBJECT | {"kind": "Secret"})

    assert 403 == status
    assert "cannot create resource" in json.loads(answer)["message"]


def test_a_group_has_its_own_path(account):
    """A kind that nobody serves is not found there."""
    status, _ = account.create({"apiVersion": "nobody.test/v1", "kind": "Proposal"})

    assert status in {403, 404}
