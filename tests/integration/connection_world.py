"""Identities on the real control plane, and a clock that can be set forward."""

import base64
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import yaml

from informers import request as requests
from informers.client import Client
from informers.clock import LoopClock
from informers.connection import Connection
from informers.meta.kinds import Kind
from tests.kit.rest import Rest

WHOAMI = Kind(
    "authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False
)


class SteppedClock(LoopClock):
    """The loop's clock, and the hours that a test skips."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def monotonic(self) -> float:
        """Seconds, with those skipped."""
        return super().monotonic() + self.skipped

    def wall(self) -> dt.datetime:
        """The time of day, with what was skipped."""
        return super().wall() + dt.timedelta(seconds=self.skipped)

    def skip(self, seconds: float) -> None:
        """Let time pass at once."""
        self.skipped += seconds


@attrs.frozen
class Account:
    """A service account in a test's namespace."""

    rest: Rest
    namespace: str
    name: str

    @classmethod
    def create(cls, rest: Rest, namespace: str, name: str = "watcher") -> "Account":
        """Make one that may do nothing yet."""
        rest.create(
            f"/api/v1/namespaces/{namespace}/serviceaccounts",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
        )
        return cls(rest, namespace, name)

    @property
    def user(self) -> str:
        """How the API server calls it."""
        return f"system:serviceaccount:{self.namespace}:{self.name}"

    def token(self, secret: str) -> str:
        """A token that lives as long as a secret, which is made for it."""
        made = self.rest.create(
            f"/api/v1/namespaces/{self.namespace}/secrets",
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": secret}},
        )
        bound = {
            "apiVersion": "v1",
            "kind": "Secret",
            "name": secret,
            "uid": made["metadata"]["uid"],
        }
        issued = self.rest.create(
            f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{self.name}/token",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"boundObjectRef": bound, "expirationSeconds": 3600},
            },
        )
        return str(issued["status"]["token"])

    def revoke(self, secret: str) -> None:
        """End the token that was bound to the secret."""
        self.rest.delete(f"/api/v1/namespaces/{self.namespace}/secrets/{secret}")

    def is_accepted(self, token: str) -> bool:
        """Whether the API server, which remembers tokens for some seconds, accepts it still."""
        review = self.rest.create(
            "/apis/authentication.k8s.io/v1/tokenreviews",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "spec": {"token": token},
            },
        )
        return bool(review["status"].get("authenticated"))

    def grant(self, *verbs: str, resource: str = "configmaps") -> None:
        """Allow the verbs on a resource of the namespace."""
        base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
        self.rest.create(
            f"{base}/roles",
            {
                "metadata": {"name": self.name},
                "rules": [{"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}],
            },
        )
        self.bind()

    def bind(self) -> None:
        """Let the granted role count."""
        self.rest.create(
            f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}/rolebindings",
            {
                "metadata": {"name": self.name},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": self.name,
                },
                "subjects": [
                    {"kind": "ServiceAccount", "name": self.name, "namespace": self.namespace}
                ],
            },
        )

    def unbind(self) -> None:
        """Let the granted role count no more."""
        self.rest.delete(
            f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
            f"/rolebindings/{self.name}"
        )


def authority_of(kubeconfig: Path) -> str:
    """The certificate authority in a cluster's kubeconfig, as PEM."""
    cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
    return base64.b64decode(cluster["certificate-authority-data"]).decode()


def kubeconfig_for(
    path: Path, admin: Path, *, user: dict[str, Any], cluster: dict[str, Any] | None = None
) -> Path:
    """Write a kubeconfig for the same cluster and another user; `cluster` changes its entry."""
    entry = yaml.safe_load(admin.read_text())["clusters"][0]["cluster"]
    entry |= cluster or {}
    document = {
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {k: v for k, v in entry.items() if v is not None}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(json.dumps(document))
    return path


@asynccontextmanager
async def client_of(connection: Connection, *, clock: LoopClock) -> AsyncIterator[Client]:
    """A client that is closed in the end."""
    client = Client(connection, clock=clock)
    try:
        yield client
    finally:
        await client.close()


async def whoami(client: Client) -> str:
    """The name by which the API server knows us."""
    review = {"apiVersion": WHOAMI.api_version, "kind": WHOAMI.kind, "metadata": {}}
    response = await client.send(requests.write("POST", WHOAMI, review))
    return str(json.loads(response.body)["status"]["userInfo"]["username"])
