"""A plain, blocking client for tests that prepare or verify objects.

It shares no code with the client under test: what `informers` believes can be compared with
what this one reads. One connection, kept open; every request has a deadline.
"""

import base64
import http.client
import json
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import yaml

_DEADLINE: Final = 20.0
MERGE: Final = "application/merge-patch+json"


@attrs.frozen
class Answer:
    """A status code and the decoded body."""

    status: int
    body: dict[str, Any]

    def ok(self) -> dict[str, Any]:
        """Return the body, or fail with what the server said."""
        assert self.status < 400, f"{self.status}: {self.body.get('message', self.body)}"
        return self.body


class Rest:
    """The API server of a kubeconfig, with the credentials in it, or with a token instead."""

    def __init__(self, kubeconfig: Path, *, token: str = "") -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server: str = cluster["server"]
        context = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
        self._token = token
        if not token:
            with tempfile.NamedTemporaryFile("w") as pair:  # the ssl module takes files only
                pair.write(_decoded(user["client-certificate-data"]))
                pair.write(_decoded(user["client-key-data"]))
                pair.flush()
                context.load_cert_chain(pair.name)
        self._connection = http.client.HTTPSConnection(
            urlsplit(self.server).netloc, timeout=_DEADLINE, context=context
        )

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
    ) -> Answer:
        """Send one request; a connection the server closed meanwhile is opened again."""
        headers = {"Content-Type": content_type, "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        arguments = (method, path, None if body is None else json.dumps(body), headers)
        try:
            return self._once(*arguments)
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
            return self._once(*arguments)

    def _once(self, *arguments: Any) -> Answer:
        try:
            self._connection.request(*arguments)
            response = self._connection.getresponse()
            return Answer(response.status, _json(response.read()))
        except (OSError, http.client.HTTPException):
            self.close()  # the next request opens it again
            raise

    def get(self, path: str) -> dict[str, Any]:
        """Return an object or a list."""
        return self.request("GET", path).ok()

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object below a collection."""
        return self.request("POST", path, body).ok()

    def merge(self, path: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        """Change an object by a merge patch, as `kubectl patch --type=merge` does."""
        return self.request("PATCH", path, patch, content_type=MERGE).ok()

    def delete(self, path: str) -> None:
        """Ask for an object's deletion; one that is gone is fine."""
        answer = self.request("DELETE", path)
        if answer.status != http.HTTPStatus.NOT_FOUND:
            answer.ok()

    def token(self, namespace: str, account: str) -> str:
        """Return a token of a ServiceAccount."""
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return str(self.create(path, asked)["status"]["token"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode()


def _json(content: bytes) -> dict[str, Any]:
    try:
        decoded: dict[str, Any] = json.loads(content)
    except ValueError:
        return {"message": content.decode(errors="replace")}
    return decoded
