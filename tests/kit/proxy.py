"""A proxy that stands between a client and the real API server and does it harm.

The API server behind it is the real one, so what a test sees is real behaviour under faults, not
an imitation's idea of it. The proxy terminates TLS with a certificate of its own, speaks HTTP/1.1
on both sides, streams with backpressure and collects no body; with no rule in force it changes not
a byte of any payload.

    with FaultProxy(Upstream.from_kubeconfig(path)) as proxy:
        proxy.add(Cut(after_events=3), Match(path="/widgets$", watch=True), times=1)
        proxy.add(gone(), Match(path="/widgets$", query={"continue": ...}), times=1)
        held = proxy.hold(WATCHES)          # open watches too; until held.remove()
        proxy.cut(WATCHES)                  # now
        proxy.seen(WRITES)                  # what was sent

Every method may be called from any thread and has taken effect when it returns. The vocabulary of
faults is in `tests.kit.faults`, the API server's own refusals are in `tests.kit.answers`.
"""

import asyncio
import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from informers.clock import LoopClock
from tests.kit.certificates import Authority, server_context
from tests.kit.faults import ANY, WATCHES, Fault, Lag, Match, Rule, Stall
from tests.kit.ledger import Ledger, Seen, Statistics
from tests.kit.link import Link
from tests.kit.loopthread import LoopThread
from tests.kit.upstream import OURS, Upstream
from tests.kit.wire import Ending, Wire, close_all

_CLOCK = LoopClock()
_BACKLOG = 1024
_SHUTDOWN = 1.0


class FaultProxy:
    """An HTTP/1.1 proxy on loopback whose rules say what goes wrong.

    The record keeps the last `record` requests; `keep_bodies=False` keeps them without their
    bodies, for long runs. `tls=False` listens in plain text.
    """

    def __init__(
        self,
        upstream: Upstream,
        *,
        tls: bool = True,
        record: int = 10_000,
        keep_bodies: bool = True,
    ) -> None:
        self.authority = Authority("fault proxy")
        self._upstream = upstream
        self._context = server_context() if tls else None
        self._thread = LoopThread("fault-proxy")
        self._ledger = Ledger(record=record, keep_bodies=keep_bodies)
        self._links: set[Link] = set()
        self._wires: set[Wire] = set()
        self._connections = 0
        self._server: asyncio.Server | None = None
        # Bound and never listening: keeps the port ours while connections are refused.
        self._reserved = _bound(0)
        self.port: int = self._reserved.getsockname()[1]

    # -- life

    def start(self) -> Self:
        """Listen."""
        if self._context is not None:
            self.authority.arm(self._context)
        self._thread.start()
        self.accept()
        return self

    def stop(self) -> None:
        """Close everything."""
        try:
            self._thread.wait(self._close())
        finally:
            self._thread.stop()
            self._reserved.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- for clients

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def kubeconfig(self, path: Path, *, token: str | None = None, namespace: str = "") -> Path:
        """Write a kubeconfig that points here.

        Without a token the API server sees the identity of the kubeconfig behind the proxy.
        """
        cluster: dict[str, Any] = {"server": self.url}
        if self._context is not None:
            authority = path.with_suffix(".ca.pem")
            authority.write_text(self.authority.pem)
            cluster["certificate-authority"] = str(authority)
        context = {"cluster": "proxy", "user": "proxy"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "clusters": [{"name": "proxy", "cluster": cluster}],
            "users": [{"name": "proxy", "user": {"token": token or OURS}}],
            "contexts": [
                {
                    "name": "proxy",
                    "context": context | ({"namespace": namespace} if namespace else {}),
                }
            ],
        }
        path.write_text(json.dumps(config))  # JSON is YAML
        return path

    # -- rules

    def add(
        self,
        fault: Fault,
        where: Match = ANY,
        *,
        skip: int = 0,
        times: int | None = None,
        live: bool = False,
    ) -> Rule:
        """Put a fault in the way of requests to come, and with `live` of open exchanges too.

        The first `skip` requests that match go free, the next `times` are taken (None: all).
        """
        rule = Rule(fault=fault, where=where, skip=skip, times=times, lift=self._lift)
        return self._thread.call(self._ledger.add, rule, live)

    def hold(self, where: Match = WATCHES) -> Rule:
        """Hold back the bodies of these, open ones too, until the rule is removed."""
        return self.add(Stall(), where, live=True)

    def lag(self, seconds: float, where: Match = WATCHES) -> Rule:
        """Let these, open ones too, run late: replies to writes overtake the events of a watch."""
        return self.add(Lag(seconds=seconds), where, live=True)

    def clear(self) -> None:
        """Remove all rules; what they held is let go."""
        self._thread.call(self._ledger.clear)

    # -- at once

    def cut(self, where: Match = ANY, *, how: Ending = "rst") -> int:
        """Cut the connections of open exchanges now; how many those were."""
        return self._thread.call(self._cut, where, how)

    def cut_all(self, *, how: Ending = "rst") -> int:
        """Cut every connection now, idle ones too; how many those were."""
        return self._thread.call(self._cut, None, how)

    def refuse(self) -> None:
        """Stop listening: new connections are refused, open ones live on."""
        self._thread.wait(self._refuse())

    def accept(self) -> None:
        """Listen again, on the same port."""
        self._thread.wait(self._accept())

    def rotate_certificate(self) -> Authority:
        """Show a certificate of a new authority to connections from now on."""
        assert self._context is not None, "plain text has no certificate"
        self.authority = Authority("fault proxy, rotated")
        self._thread.call(self.authority.arm, self._context)
        return self.authority

    # -- the record

    def seen(self, where: Match = ANY) -> list[Seen]:
        """The requests that came, oldest first, with what became of each."""
        return self._thread.call(self._ledger.seen, where)

    def forget(self) -> None:
        """Begin a new record."""
        self._thread.call(self._ledger.forget)

    def listening(self) -> list[int]:
        """The descriptors it listens on; a leak check leaves them out."""
        return self._thread.call(self._listening)

    def statistics(self) -> Statistics:
        """Totals since the start."""
        return self._thread.call(self._statistics)

    # -- on the loop

    def _client_made(self, wire: Wire) -> None:
        link = Link(wire, upstream=self._upstream, ledger=self._ledger, wires=self._wires)
        self._connections += 1
        self._links.add(link)
        self._thread.spawn(self._serve(link))

    async def _serve(self, link: Link) -> None:
        try:
            await link.serve()
        finally:
            self._links.discard(link)

    def _lift(self, rule: Rule) -> None:
        self._thread.call(self._ledger.remove, rule)

    def _cut(self, where: Match | None, how: Ending) -> int:
        doomed = set(self._links)
        if where is not None:
            meant = [e for e, entry in self._ledger.open.items() if where.covers(entry.request)]
            doomed = {link for link in doomed if any(link.is_serving(e) for e in meant)}
        for link in doomed:
            link.sever(how)
        return len(doomed)

    async def _refuse(self) -> None:
        if self._server is not None:
            await self._thread.close_server(self._server)
            self._server = None

    async def _accept(self) -> None:
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Wire(self._wires, self._client_made),
                sock=_bound(self.port),
                ssl=self._context,
                backlog=_BACKLOG,
                ssl_shutdown_timeout=_SHUTDOWN if self._context else None,
            )

    def _listening(self) -> list[int]:
        return [sock.fileno() for sock in self._server.sockets] if self._server else []

    def _statistics(self) -> Statistics:
        return Statistics(
            connections=self._connections,
            open_connections=len(self._links),
            **self._ledger.totals(),
        )

    async def _close(self) -> None:
        await self._refuse()
        await close_all(self._wires)


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock
