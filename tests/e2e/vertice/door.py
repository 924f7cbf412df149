"""A door that scales of a namespace go through: it holds the first, and lets it through to nobody.

It is an admission webhook of the real API server. What is held was decided and sent, and has not
been done: the moment between a decision and its write, for as long as a test wants it.
"""

import base64
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.kit.certificates import Authority, server_context
from tests.kit.rest import Rest

HELD_SECONDS: Final = 30
_HOOKS: Final = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


class Door:
    """Who came to it."""

    def __init__(self) -> None:
        self.held = threading.Event()
        self._open = threading.Event()
        self._first = threading.Lock()

    def lets_through(self) -> bool:
        """Return whether this one passes: the first waits, and is refused."""
        if not self._first.acquire(blocking=False):
            return True
        self.held.set()
        self._open.wait(HELD_SECONDS)
        return False

    def open(self) -> None:
        """Let go of the one that is held."""
        self._open.set()


@contextlib.contextmanager
def guarded(rest: Rest, namespace: str) -> Iterator[Door]:
    """Have all scales of a namespace go through a door, as long as the block lasts."""
    door, authority, context = Door(), Authority(), server_context()
    authority.arm(context)
    with _server(door, context) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        port = serving.server_address[1]
        rest.create(_HOOKS, _configuration(namespace, f"https://127.0.0.1:{port}/", authority))
        try:
            yield door
        finally:
            rest.delete(f"{_HOOKS}/{namespace}")
            door.open()
            serving.shutdown()


def _configuration(namespace: str, url: str, authority: Authority) -> dict[str, Any]:
    bundle = base64.b64encode(authority.pem.encode()).decode()
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["deployments/scale"],
    }
    hook = {
        "name": "door.pentad.test",
        "clientConfig": {"url": url, "caBundle": bundle},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "timeoutSeconds": HELD_SECONDS,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {"metadata": {"name": namespace}, "webhooks": [hook]}


def _server(door: Door, context: ssl.SSLContext) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Judge one write."""
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            response = {"uid": review["request"]["uid"], "allowed": door.lets_through()}
            body = json.dumps({**review, "response": response}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked is gone
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.daemon_threads = True
    serving.socket = context.wrap_socket(serving.socket, server_side=True)
    return serving
