"""The service: what it answers, as its behaviour has it.

    GET  /health     200, or what it was told
    GET  /metrics    the metrics of the specification, and those of /work
    GET  /work       200, or 500 for the share of requests that it was told to fail
    GET  /behaviour  how it behaves now, its release and its settings
    POST /misbehave  changes that: {"health": 503}, {"errors": 0.2}, {"hang": true}, …
    POST /propose    sends the body, an object, to the API server with the pod's own token

Failures of /work are spread evenly and exactly: of 100 requests at 0.2 it is every fifth.
"""

import dataclasses
import json
import math
import os
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tests.standin.penin.account import Account
from tests.standin.penin.behaviour import Behaviour
from tests.standin.penin.figures import Figures

Answer = tuple[int, str, bytes]
Say = Callable[..., None]
JSON: Final = "application/json"
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
_LONGEST: Final = 60.0
_CRASHED: Final = 1
_QUIET: Final = frozenset({"/health", "/metrics"})


class Service:
    """One running stand-in; answers come from many threads."""

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        about: dict[str, Any],
        settings: dict[str, Any],
        account: Account | None,
        say: Say,
    ) -> None:
        self.figures = Figures()
        self.say = say
        self._about = about
        self._settings = settings
        self._account = account
        self._behaviour = behaviour
        self._changed = threading.Condition()
        self._asked = 0

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves now."""
        return self._behaviour

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Answer one request."""
        if path != "/misbehave":
            self._hang()
        handlers: dict[tuple[str, str], Callable[[bytes], Answer]] = {
            ("GET", "/health"): self._health,
            ("GET", "/metrics"): self._metrics,
            ("GET", "/work"): self._work,
            ("GET", "/behaviour"): self._tell,
            ("POST", "/misbehave"): self._misbehave,
            ("POST", "/propose"): self._propose,
        }
        handler = handlers.get((method, path))
        return _json(404, {"error": f"no {method} {path}"}) if handler is None else handler(body)

    def _hang(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._behaviour.hang, timeout=_LONGEST)

    def _health(self, _: bytes) -> Answer:
        status = self._behaviour.health
        return _json(status, {"status": "ok" if status < 400 else "unwell"} | self._about)

    def _metrics(self, _: bytes) -> Answer:
        return 200, TEXT, self.figures.text(self._behaviour.gauges()).encode()

    def _work(self, _: bytes) -> Answer:
        began = time.perf_counter()
        now = self._behaviour
        if now.delay:
            threading.Event().wait(now.delay)
        with self._changed:
            before, self._asked = self._asked, self._asked + 1
        fails = math.floor((before + 1) * now.errors) > math.floor(before * now.errors)
        code = 500 if fails else 200
        self.figures.request(code, time.perf_counter() - began)
        return _json(code, {"error": "told to fail"} if fails else {"done": True})

    def _tell(self, _: bytes) -> Answer:
        now = {"behaviour": dataclasses.asdict(self._behaviour), "settings": self._settings}
        return _json(200, self._about | now)

    def _misbehave(self, body: bytes) -> Answer:
        try:
            behaviour = self._behaviour.changed(dict(json.loads(body)))
        except (TypeError, ValueError) as error:
            return _json(400, {"error": str(error)})
        with self._changed:
            self._behaviour, self._asked = behaviour, 0
            self._changed.notify_all()
        if behaviour.crash:
            self.say("crash")
            os._exit(_CRASHED)
        return self._tell(b"")

    def _propose(self, body: bytes) -> Answer:
        if self._account is None:
            return _json(503, {"error": "this is no pod"})
        try:
            status, answer = self._account.create(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            return _json(400, {"error": f"send an object of Kubernetes: {error!r}"})
        except OSError as error:
            return _json(502, {"error": f"the API server was not reached: {error}"})
        return status, JSON, answer


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 around a service."""

    protocol_version = "HTTP/1.1"
    service: Service

    def do_GET(self) -> None:
        """Answer a question."""
        self._do("GET")

    def do_POST(self) -> None:
        """Take what is sent."""
        self._do("POST")

    def log_message(self, *_: Any) -> None:
        """Say nothing here; what is worth it is said below, as JSON."""

    def _do(self, method: str) -> None:
        began = time.perf_counter()
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        status, kind, answer = self.service.answer(method, self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if self.path not in _QUIET:
            seconds = round(time.perf_counter() - began, 6)
            self.service.say(
                "request", method=method, path=self.path, status=status, seconds=seconds
            )


def server(service: Service, port: int) -> ThreadingHTTPServer:
    """Return a server of this service on all addresses; port 0 takes any."""
    handler = type("Handler", (_Handler,), {"service": service})
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer(("", port), handler)


def _json(status: int, content: dict[str, Any]) -> Answer:
    return status, JSON, json.dumps(content).encode()
