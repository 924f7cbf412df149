"""Sending objects to the API server in the name of the pod, as any program in a pod would.

Nothing is added to an object and nothing is looked at but where it belongs: what comes of it is for
the API server to say, and its answer is handed back as it is.
"""

import dataclasses
import http.client
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS: Final = 15.0


@dataclasses.dataclass(frozen=True)
class Account:
    """The ServiceAccount of a pod; its token is read each time, since it is renewed."""

    host: str
    port: int
    namespace: str
    folder: Path = FOLDER

    def create(self, body: Mapping[str, Any]) -> tuple[int, bytes]:
        """Create an object in the pod's namespace; return the API server's status and answer."""
        trust = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        token = (self.folder / "token").read_text().strip()
        server = http.client.HTTPSConnection(self.host, self.port, timeout=_SECONDS, context=trust)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            server.request("POST", self._path(body), body=json.dumps(body), headers=headers)
            answer = server.getresponse()
            return answer.status, answer.read()
        finally:
            server.close()

    def _path(self, body: Mapping[str, Any]) -> str:
        version, kind = str(body["apiVersion"]), str(body["kind"])
        root = "apis" if "/" in version else "api"
        return f"/{root}/{version}/namespaces/{self.namespace}/{kind.lower()}s"
