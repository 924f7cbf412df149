"""Answers HTTP from threads, so that a blocked event loop is told about and not felt.

One thread accepts, each connection has its own, and `PLACES` bounds them: with more, the oldest
connection is dropped, so slow clients cannot keep a probe waiting. While nobody asks, nothing
wakes up.

TLS is optional; certificate files are read again when they change (see `certificates`).
"""

import asyncio
import contextlib
import os
import socket
import ssl
import threading
import time
from typing import Final

from controller.runtime.obs.answer import Answering
from controller.runtime.obs.certificates import CertificateFiles
from informers.errors import ConfigError

PLACES: Final = 32
BACKLOG: Final = 128
END_SECONDS: Final = 2.0
HANDSHAKE_SECONDS: Final = 10.0


class Listener:
    """One address that answers while the manager lives.

    Args:
        name: What it serves, for error messages and thread names; `--NAME-address` moves it.
        address: `host:port`; no host means all interfaces, port 0 means any free one.
    """

    def __init__(
        self, name: str, address: str, answering: Answering, *, tls: CertificateFiles | None = None
    ) -> None:
        self.name = name
        self.address = address
        self.failed_handshakes = 0
        self._answering = answering
        self._tls = tls
        self._socket: socket.socket | None = None
        self._open: dict[socket.socket, threading.Thread] = {}
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._socket is not None, "it was started"
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Serve from now on.

        Raises:
            ConfigError: If the address or the certificate cannot be used; says what to do.
        """
        if self._tls is not None:
            self._tls.context()
        self._socket = self._bind()
        self._ended.clear()
        self._thread = threading.Thread(target=self._accept, name=f"{self.name} http", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Serve no more; who is still being answered is cut off."""
        self._ended.set()
        if self._socket is None or self._thread is None:
            return
        _hang_up(self._socket)
        for connection in list(self._open):
            _hang_up(connection)
        threads = [self._thread, *self._open.values()]
        # Not on the loop: an answer under way may be waiting for it.
        try:
            await asyncio.to_thread(_join, threads)
        finally:
            self._socket.close()
            self._socket = None

    def _bind(self) -> socket.socket:
        host, _, port = self.address.rpartition(":")
        host = host.strip("[]")
        dual = not host and socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if dual or ":" in host else socket.AF_INET
        try:
            return socket.create_server(
                (host, int(port)), family=family, backlog=BACKLOG, dualstack_ipv6=dual
            )
        except OSError as error:
            raise ConfigError(
                f"cannot serve {self.name} at {self.address}: {os.strerror(error.errno or 0)}",
                remedy=f"free the port, or choose another with --{self.name}-address "
                "(HOST:PORT, or off)",
            ) from error

    def _accept(self) -> None:
        server = self._socket
        assert server is not None
        while not self._ended.is_set():
            try:
                connection, peer = server.accept()
            except OSError:
                # Ended, or no descriptor is free: then one will be, in a moment.
                self._ended.wait(0.1)
                continue
            held = list(self._open)  # in one step: other threads let go of theirs meanwhile
            if len(held) >= PLACES:
                # Its thread lets go of it later: in a flood, the next place is another's.
                self._open.pop(held[0], None)
                _hang_up(held[0])
            thread = threading.Thread(
                target=self._converse,
                args=(connection, peer),
                name=f"{self.name} http connection",
                daemon=True,
            )
            self._open[connection] = thread
            try:
                thread.start()
            except RuntimeError:  # the machine has none to spare, and may have the next moment
                del self._open[connection]
                connection.close()

    def _converse(self, connection: socket.socket, peer: tuple[str, int]) -> None:
        from controller.runtime.obs.conversation import (  # noqa: PLC0415 - see there
            converse,
        )

        try:
            with connection, self._secured(connection) as secured:
                converse(secured, peer, self._answering)
        except (OSError, ConfigError):
            self.failed_handshakes += 1
        finally:
            self._open.pop(connection, None)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._tls is None:
            return connection
        connection.settimeout(HANDSHAKE_SECONDS)
        context: ssl.SSLContext = self._tls.context()
        return context.wrap_socket(connection, server_side=True)


def _hang_up(connection: socket.socket) -> None:
    """End whatever waits on the socket; its owner closes it."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _join(threads: list[threading.Thread]) -> None:
    until = time.perf_counter() + END_SECONDS
    for thread in threads:
        thread.join(max(until - time.perf_counter(), 0.0))
