"""One HTTP request on one connection, by the standard library's parser.

Loaded with the first connection: the import costs a program's start more than all else here. A
connection carries one request, so none is held open by a client that has nothing to say.
"""

import contextlib
import socket
from http.server import BaseHTTPRequestHandler
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from controller.runtime.obs.answer import Answer, Answering, Ask, say

PATIENCE: Final = 10.0


VERBS: Final = ("GET", "HEAD", "PUT", "POST", "DELETE")


class _Conversation(BaseHTTPRequestHandler):
    """Reads one request and writes one answer."""

    protocol_version = "HTTP/1.1"
    server_version = "pentad"
    sys_version = ""
    timeout = PATIENCE
    answering: Answering

    def answer(self) -> None:
        """Answer."""
        try:
            target = urlsplit(self.path)
        except ValueError as error:
            self._write(say(f"{error}: ask for a path", code=400))
            return
        ask = Ask(
            method=self.command,
            path=target.path.rstrip("/") or "/",
            query=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            peer=str(self.client_address[0]),
        )
        try:
            answer = self.answering(ask)
        except Exception as error:  # noqa: BLE001 - the HTTP edge: a page that fails says so
            answer = say(f"failed: {type(error).__name__}: {error}", code=500)
        self._write(answer)

    def _write(self, answer: Answer) -> None:
        self.close_connection = True
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing: probes come every few seconds."""


def converse(connection: socket.socket, peer: tuple[str, int], answering: Answering) -> None:
    """Read a request, answer it; a client that is too slow or goes away is let go."""
    methods = dict.fromkeys((f"do_{verb}" for verb in VERBS), _Conversation.answer)
    attributes = {"answering": staticmethod(answering), **methods}
    handler = type("Conversation", (_Conversation,), attributes)
    with contextlib.suppress(OSError):  # the client left: there is nobody to tell
        handler(connection, peer, None)
