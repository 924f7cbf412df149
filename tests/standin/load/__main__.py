"""`python __main__.py`: a load on real processors, for pods of tests on a real node.

What a workload has to do is shared by its pods, as requests would be by a Service: each pod keeps a
file of its name fresh in the folder LOAD and burns its part of what the file `cores` says there, by
its own count of processor time, so that what is measured of it is what was asked for. A pod that is
never to be ready (LOAD_READY=no) has no part in it and burns what `starting` says; one that is to
fail (LOAD_READY=crash) ends at once.

It answers on LOAD_PORT (8080): /health, and /metrics with `jobs`, the number in the file of that
name.
"""

import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

PORT: Final = 8080
SLICE: Final = 0.05
FRESH: Final = 2.0
BEHIND: Final = 1.0
"""Seconds of processor time that may be made up for; what a busy machine keeps longer is let go."""


class Load:
    """What one pod does of the load of its workload."""

    def __init__(self, folder: Path, *, is_ready: bool) -> None:
        self.is_ready = is_ready
        self._folder = folder
        self._sharing = folder / "pods"

    def number(self, name: str) -> float:
        """Return what a file of the folder says; none says 0."""
        try:
            return float((self._folder / name).read_text())
        except (FileNotFoundError, ValueError):
            return 0.0

    def part(self) -> float:
        """Return how much of a core this pod is to burn now."""
        if not self.is_ready:
            return self.number("starting")
        own = self._sharing / socket.gethostname()
        own.touch()
        oldest = own.stat().st_mtime - FRESH
        sharing = sum(each.stat().st_mtime > oldest for each in self._sharing.iterdir())
        return self.number("cores") / sharing


def burn(load: Load, over: threading.Event) -> None:
    """Have the process use as much as is its part, until it is told to end."""
    began, owed = time.perf_counter(), 0.0
    while not over.wait(SLICE):
        now, used = time.perf_counter(), time.process_time()
        owed += load.part() * (now - began)
        owed = min(max(owed, used - BEHIND), used + BEHIND)
        began = now
        while time.process_time() < owed:
            pass


def server(load: Load, port: int) -> ThreadingHTTPServer:
    """Return what answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Say whether it is ready, or what there is to do."""
            is_asked = self.path == "/health"
            body = b"" if is_asked else f"jobs {load.number('jobs'):g}\n".encode()
            self.send_response(503 if is_asked and not load.is_ready else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("", port), Handler)


def main() -> int:
    """Serve and burn until told to end."""
    ready = os.environ.get("LOAD_READY", "yes")
    if ready == "crash":
        return 1
    load = Load(Path(os.environ["LOAD"]), is_ready=ready == "yes")
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    port = int(os.environ.get("LOAD_PORT", str(PORT)))
    with server(load, port) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        burn(load, over)
        serving.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
