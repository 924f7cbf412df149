"""The manager under its own ServiceAccount, with the roles that are shipped, and no others."""

import contextlib

import yaml

from hack.gen.__main__ import ROOT
from tests.integration.connection_world import kubeconfig_for

HOME, NAME = "pentad-system", "pentad"
USER = f"system:serviceaccount:{HOME}:{NAME}"
RBAC = ROOT / "manifests/rbac"


def account(rest, cluster, folder):
    """Return a kubeconfig that is the ServiceAccount, which is made if need be, and nobody else."""
    accounts = f"/api/v1/namespaces/{HOME}/serviceaccounts"
    for path, name in (("/api/v1/namespaces", HOME), (accounts, NAME)):
        assert rest.request("POST", path, {"metadata": {"name": name}}).status in {201, 409}
    user = {"token": rest.token(HOME, NAME)}
    return kubeconfig_for(folder / NAME, cluster.kubeconfig, user=user)


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
