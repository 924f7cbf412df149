"""What a manager is trusted with stays in it: no token in its log or on its pages."""

from hack.cluster.ports import free_port
from tests.integration.connection_world import kubeconfig_for
from tests.integration.obs_world import ask
from tests.kit.builders import widget
from tests.kit.eventually import eventually_blocking

REVOKED_WITHIN = 30
"""The API server remembers for ten seconds that it took a token."""
PAGES = ("tasks", "loop", "memory", "caches", "controllers", "loglevel")


def refusals(manager):
    """Return what a server that does not take the token any longer has told the election."""
    lines = manager.lines()
    told = [line["reason"] for line in lines if line["event"] == "election_request_failed"]
    return [reason for reason in told if reason.startswith("HTTP 401")]


def test_no_token_is_told(start, widgets, rest, cluster, namespace, tmp_path):
    """Neither while all is well, with all debug pages read, nor when the token is refused."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    rest.create(accounts, {"metadata": {"name": "m"}})
    subject = {"kind": "ServiceAccount", "name": "m", "namespace": namespace}
    rest.create(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
        {
            "metadata": {"name": "m"},
            "subjects": [subject],
            "roleRef": {
                "kind": "ClusterRole",
                "name": "cluster-admin",
                "apiGroup": "rbac.authorization.k8s.io",
            },
        },
    )
    token = rest.token(namespace, "m")
    kubeconfig = kubeconfig_for(tmp_path / "m", cluster.kubeconfig, user={"token": token})
    port = free_port()
    manager = start(
        f"--kubeconfig={kubeconfig}", "--log-level=debug", f"--debug-address=127.0.0.1:{port}"
    )
    rest.create(widgets, widget(children=1))
    eventually_blocking(lambda: "status" in rest.get(f"{widgets}/w"))
    pages = [ask(port, f"/debug/{page}").text for page in PAGES]
    pages.append(ask(port, f"/debug/why?controller=widget&key={namespace}/w").text)

    rest.delete(f"{accounts}/m")  # which revokes the token
    eventually_blocking(lambda: refusals(manager), within=REVOKED_WITHIN)

    signature = token.rpartition(".")[2]
    assert signature not in manager.text()
    assert [] == [page for page in pages if signature in page]
