"""Leases over HTTP in a process of its own, for elections in real threads.

It knows one kind and the four answers that matter to an election: 200/201 with the object, 404,
409, and nothing else. It is a separate process so that a test can stop its own interpreter, and
it ends when its standard input does, so that no test can leave it behind. `test_election_contract`
in tests/integration holds it to the real API server's answers.

    with lease_server() as url: ...
"""

import contextlib
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

PREFIX = "/apis/coordination.k8s.io/v1/namespaces/"


class Leases:
    """The objects, by path; every write gets the next version."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, Any]] = {}
        self._version = 0
        self._lock = threading.Lock()

    def get(self, path: str) -> tuple[HTTPStatus, dict[str, Any]]:
        """Read."""
        found = self._objects.get(path)
        return (HTTPStatus.OK, found) if found else (HTTPStatus.NOT_FOUND, {"message": "not found"})

    def post(self, path: str, lease: dict[str, Any]) -> tuple[HTTPStatus, dict[str, Any]]:
        """Create."""
        with self._lock:
            path = f"{path}/{lease['metadata']['name']}"
            if path in self._objects:
                return HTTPStatus.CONFLICT, {"message": "already exists"}
            return HTTPStatus.CREATED, self._store(path, lease)

    def put(self, path: str, lease: dict[str, Any]) -> tuple[HTTPStatus, dict[str, Any]]:
        """Replace, if the version is the one that is there; a no-op keeps the version."""
        with self._lock:
            stored = self._objects.get(path)
            if stored is None or version_of(lease) != version_of(stored):
                return HTTPStatus.CONFLICT, {"message": "the object has been modified"}
            return HTTPStatus.OK, stored if lease == stored else self._store(path, lease)

    def delete(self, path: str) -> tuple[HTTPStatus, dict[str, Any]]:
        """Delete."""
        with self._lock:
            del self._objects[path]
            return HTTPStatus.OK, {}

    def _store(self, path: str, lease: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        lease["metadata"]["resourceVersion"] = str(self._version)
        self._objects[path] = lease
        return lease


def version_of(lease: dict[str, Any]) -> str:
    """The resource version."""
    return lease["metadata"]["resourceVersion"]


class Handler(http.server.BaseHTTPRequestHandler):
    """HTTP/1.1 with kept connections, as the real one."""

    protocol_version = "HTTP/1.1"
    leases = Leases()

    def do_GET(self) -> None:
        """Read."""
        self._answer(*self.leases.get(self._where()))

    def do_POST(self) -> None:
        """Create."""
        self._answer(*self.leases.post(self._where(), self._body()))

    def do_PUT(self) -> None:
        """Replace."""
        self._answer(*self.leases.put(self._where(), self._body()))

    def do_DELETE(self) -> None:
        """Delete."""
        self._answer(*self.leases.delete(self._where()))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _where(self) -> str:
        return self.path.partition("?")[0]

    def _body(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def lease_server() -> Iterator[str]:
    """Start it; the address is where a client connects."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.wait(10)


def main() -> None:
    """Serve until standard input ends."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
