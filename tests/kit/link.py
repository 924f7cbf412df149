"""A client's connection to the fault proxy, and the one behind it to the API server.

Each client connection has at most one upstream connection, opened when first needed, so what
happens to one happens to the other: an API server that closes an idle connection closes the
client's, and a client that goes away takes its watch with it.
"""

import asyncio
from typing import TYPE_CHECKING

from tests.kit import http1
from tests.kit.exchange import Exchange, SeveredError, SwallowedError
from tests.kit.ledger import Ledger
from tests.kit.upstream import Upstream
from tests.kit.wire import Ending, Wire

if TYPE_CHECKING:
    from ssl import SSLContext

BODY_LIMIT = 8 << 20


class Link:
    """Serves one client connection."""

    def __init__(
        self, client: Wire, *, upstream: Upstream, ledger: Ledger, wires: set[Wire]
    ) -> None:
        self.client = client
        self._address = upstream
        self._ledger = ledger
        self._wires = wires
        self._upstream: Wire | None = None
        self._context: SSLContext | None = None
        self._exchange: Exchange | None = None
        self._is_severed = False

    async def serve(self) -> None:
        """Take requests until the client goes or a fault ends the connection."""
        task = asyncio.current_task()
        assert task is not None
        self.client.on_lost = task.cancel
        try:
            while await self._one():
                pass
            self.client.close()
        except SeveredError as cut:
            await self.client.sever(cut.how)
        except (OSError, http1.MalformedError):
            self.client.sever_nowait("rst")
        except SwallowedError:
            await self._swallow()
        except asyncio.CancelledError:
            self.client.abort()
            raise
        finally:
            self._drop_upstream()

    def sever(self, how: Ending) -> None:
        """Cut the connection from outside; the client's loss ends `serve`."""
        self._is_severed = True
        self.client.sever_nowait(how)

    def is_serving(self, exchange: Exchange) -> bool:
        """Whether this exchange runs here."""
        return self._exchange is exchange

    async def _one(self) -> bool:
        request = await self._read_request()
        if request is None:
            return False
        exchange = Exchange(request, self.client, self._open)
        self._exchange = exchange
        outcome = "broken"
        self._ledger.begin(exchange)
        try:
            keep = await exchange.run()
            outcome = "done"
        except SeveredError:
            outcome = "cut"
            raise
        except SwallowedError:
            outcome = "swallowed"
            raise
        except (OSError, http1.MalformedError) as error:
            # A write may find the client gone before the loop hears of its end.
            outcome = self._end_of_client() if self.client.is_closing else f"upstream lost: {error}"
            raise
        except asyncio.CancelledError:
            outcome = self._end_of_client()
            raise
        finally:
            self._exchange = None
            self._ledger.finish(exchange, outcome)
        if exchange.is_upstream_spoiled:
            self._drop_upstream()
        return keep

    def _end_of_client(self) -> str:
        return "cut" if self._is_severed else "client gone"

    async def _read_request(self) -> http1.Request | None:
        head = await self.client.read_head()
        if not head:
            return None
        request = http1.parse_request(head)
        if request.get("expect") is not None:
            await self.client.write(http1.simple_reply(100).encode())
        if request.is_chunked:
            return request.with_body(await self._read_chunks())
        if (length := request.length or 0) > BODY_LIMIT:
            raise http1.MalformedError(f"a request of {length} bytes")
        return request.with_body(await self.client.read_exactly(length))

    async def _read_chunks(self) -> bytes:
        body, got = http1.ChunkedBody(), b""
        while not body.done and len(got) < BODY_LIMIT:
            got += body.decode(await self.client.read_until(b"\r\n"))
        return got

    async def _open(self, request: http1.Request) -> tuple[Wire, http1.Request]:
        """The connection for this request, and the request as it goes out there."""
        context = self._address.context_for(request)
        upstream = self._upstream
        if upstream is None or upstream.ended or context is not self._context:
            self._drop_upstream()
            upstream = await self._address.connect(context, self._wires)
            upstream.on_lost = self._upstream_lost
            self._upstream, self._context = upstream, context
        return upstream, self._address.prepare(request)

    def _upstream_lost(self) -> None:
        if self._exchange is None:
            self.client.close()

    def _drop_upstream(self) -> None:
        if self._upstream is not None:
            self._upstream.on_lost = lambda: None
            self._upstream.abort()
            self._upstream = None

    async def _swallow(self) -> None:
        self.client.deafen()
        if self._upstream is not None:
            self._upstream.on_lost = lambda: None
            self._upstream.deafen()
        await asyncio.Event().wait()  # until the client goes
