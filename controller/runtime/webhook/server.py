"""The HTTPS edge of admission: who may ask how much for how long, and what becomes of failures.

It promises:

- A request that is refused for its form (path, method, size, pace) is answered within its deadline
  and costs other requests nothing. The API server says how long it waits; the answer comes earlier.
- A handler that fails is a 500, one that takes too long a 504, each with the webhook's name and the
  request's uid, so that a user's message can be found in the log. The failure policy decides then.
- Too many at once are sent away with Retry-After, which the API server heeds; too many connections
  cost those their place that ask nothing (`places`).
- `stop` lets what is under way finish, and closes connections as they become idle. When it has
  ended, none is left, whether or not the other side said goodbye.

Connections stay open for longer than the API server keeps idle ones (90 s): whoever closes first
may cut a request in two, so it must not be us. aiohttp's server is loaded with this module, which
is loaded only where there are webhooks to serve.
"""

import asyncio
import errno
import logging
import math
from collections.abc import Iterable
from typing import Any, Final

import attrs
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response
from aiohttp.web_server import Server as HttpServer
from msgspec import UNSET

from controller.runtime.controller import Log
from controller.runtime.deadline import Deadline
from controller.runtime.registration import Webhook
from controller.runtime.webhook import wire
from controller.runtime.webhook.endpoint import Endpoint
from controller.runtime.webhook.places import MOST, Places
from controller.runtime.webhook.reception import Reception
from controller.runtime.webhook.serving import ServingCertificate
from controller.runtime.webhook.statistics import NOWHERE, Counts, ServerStatistics
from informers.clock import Clock, LoopClock
from informers.errors import ConfigError
from informers.meta.duration import Duration
from informers.meta.errors import DurationError

GONE: Final = 499
"""What is counted when the API server hung up before it was answered."""
ANSWER_WITHIN: Final = 0.9
"""The share of the API server's patience after which it gets an answer, whatever there is."""
LEAST_SHUTDOWN: Final = 0.01
"""Seconds that aiohttp is given in any case, since it takes 0 for no limit at all."""


@attrs.frozen(kw_only=True)
class Limits:
    """What the server bears; tests shorten the times, nobody else should need to."""

    body: int = 7 * 1024 * 1024
    in_flight: int = 256
    connections: int = MOST
    seconds: float = 10.0
    """For a request to no webhook in particular, or of one that says nothing."""
    handshake: float = 10.0
    idle: float = 120.0
    linger: float = 2.0
    age: float = 300.0
    """Seconds after which a connection is closed, with an answer: replicas share the load anew."""
    drain: float = 10.0


@attrs.frozen
class Refused(Exception):
    """A request that no handler gets to see."""

    code: int
    reason: str
    message: str


@attrs.frozen
class _Answer:
    code: int
    body: bytes
    retry_after: str = ""


class _Http(HttpServer):
    """aiohttp's server, which remembers its connections until they are lost."""

    def __init__(
        self,
        handler: _RequestHandler,
        places: Places[RequestHandler],
        **options: Any,  # noqa: ANN401 - aiohttp's
    ) -> None:
        super().__init__(handler, **options)
        self.opened: dict[RequestHandler, float] = {}
        self.is_closing = False
        self._transports: dict[RequestHandler, asyncio.Transport] = {}
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._places = places

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self.opened[handler] = asyncio.get_running_loop().time()
        self._transports[handler] = transport
        self._is_empty.clear()
        if self.is_closing:
            transport.close()

    def begin_closing(self) -> None:
        """Close what is idle, and whatever else connects."""
        self.is_closing = True
        self.pre_shutdown()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self.opened.pop(handler, None)
        self._transports.pop(handler, None)
        if not self._transports:
            self._is_empty.set()
        self._places.leave(handler)

    async def end(self, *, limit: float) -> None:
        """Wait until all connections are lost; cut those that take longer than the limit."""
        try:
            async with asyncio.timeout(limit):
                await self._is_empty.wait()
        except TimeoutError:
            for transport in self._transports.values():
                transport.abort()
            await self._is_empty.wait()


class AdmissionServer:
    """Serves webhooks at one address with the certificate of the moment."""

    def __init__(
        self,
        webhooks: Iterable[Webhook],
        certificate: ServingCertificate,
        *,
        log: Log,
        host: str = "",
        port: int = 9443,
        clock: Clock | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._endpoints = {webhook.path: Endpoint(webhook) for webhook in webhooks}
        self._certificate = certificate
        self._log = log
        self._host = host
        self._wanted_port = port
        self._clock = clock or LoopClock()
        self._limits = limits or Limits()
        self._http: _Http | None = None
        self._places: Places[RequestHandler] = Places(self._limits.connections)
        self._reception: Reception | None = None
        names = [endpoint.webhook.full_name for endpoint in self._endpoints.values()]
        self._statistics = ServerStatistics(webhooks={name: Counts() for name in (*names, NOWHERE)})

    @property
    def port(self) -> int:
        """The port it listens at; of interest when it was asked to choose one."""
        return (self._reception and self._reception.port) or self._wanted_port

    @property
    def is_listening(self) -> bool:
        """Whether connections are accepted."""
        return self._reception is not None and self._reception.is_open

    def statistics(self) -> ServerStatistics:
        """The counters, as they are now."""
        self._statistics.connections = len(self._places)
        self._statistics.taken_away = self._places.taken_away
        self._statistics.certificates = self._certificate.replacements
        self._statistics.certificate_expires = self._certificate.expires
        return self._statistics

    # Life

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: If that is not possible at the address.
        """
        limits = self._limits
        self._http = _Http(
            self._serve,
            self._places,
            handler_cancellation=True,
            keepalive_timeout=limits.idle,
            lingering_time=limits.linger,
            access_log=None,
            logger=_quiet(),
        )
        self._reception = Reception(
            self._http,
            self._places,
            context=self._certificate.context,
            handshake=limits.handshake,
            farewell=limits.linger,
            clock=self._clock,
        )
        try:
            await self._reception.open(self._host, self._wanted_port)
        except OSError as error:
            raise _cannot_listen(error, f"{self._host}:{self._wanted_port}") from error

    async def stop(self, *, limit: float = math.inf) -> None:
        """Accept nothing more, let what is under way finish within the limit, close everything."""
        if self._reception is None or self._http is None:
            return
        deadline = Deadline(self._clock, limit)
        self._http.begin_closing()
        # Handshakes under way may end: whoever is let in by now is told at once that it is over.
        await self._reception.close(limit=min(self._limits.linger, deadline.left()))
        # aiohttp waits so long twice: for an answer, and for a handler that was told to end.
        drain = min(self._limits.drain, deadline.left() / 2)
        await self._http.shutdown(max(drain, LEAST_SHUTDOWN))
        await self._http.end(limit=min(self._limits.linger, deadline.left()))

    # Requests

    async def _serve(self, request: BaseRequest) -> Response:
        endpoint = self._endpoints.get(request.path)
        name = endpoint.webhook.full_name if endpoint else NOWHERE
        counts = self._statistics.webhooks[name]
        if self._statistics.in_flight >= self._limits.in_flight:
            self._statistics.shed += 1
            refused = Refused(429, "TooManyRequests", "pentad: too many admissions under way")
            return _response(_Answer(refused.code, _status(refused), retry_after="1"))
        self._statistics.in_flight += 1
        counts.in_flight += 1
        self._places.ask(request.protocol)
        code, began = GONE, self._clock.monotonic()
        try:
            answer = await self._answer(endpoint, request, counts)
            code = answer.code
            response = _response(answer)
            if self._is_old(request):
                response.force_close()
            return response
        finally:
            self._places.rest(request.protocol)
            self._statistics.in_flight -= 1
            counts.in_flight -= 1
            counts.record(code, self._clock.monotonic() - began)

    def _is_old(self, request: BaseRequest) -> bool:
        """Whether the connection has lived long enough; a client that is told so loses nothing."""
        assert self._http is not None
        now = asyncio.get_running_loop().time()
        return now - self._http.opened.get(request.protocol, now) >= self._limits.age

    async def _answer(
        self, endpoint: Endpoint | None, request: BaseRequest, counts: Counts
    ) -> _Answer:
        seconds = self._patience(endpoint, request) * ANSWER_WITHIN
        limit, uid = asyncio.timeout(seconds), ""
        try:
            async with limit:
                endpoint = _checked(endpoint, request)
                question = await self._question(request)
                uid = question.uid
                verdict = await endpoint.judge(question)
        except Refused as refused:
            return _Answer(refused.code, _status(refused))
        except TimeoutError as error:
            if not limit.expired():
                return self._failed(endpoint, uid, counts, error)
            if not uid:
                slow = Refused(408, "Timeout", f"pentad: no review came within {seconds:.3g} s")
                return _Answer(slow.code, _status(slow))
            return self._failed(endpoint, uid, counts, None, seconds=seconds)
        except Exception as error:  # noqa: BLE001 - the edge: one request's failure ends here
            return self._failed(endpoint, uid, counts, error)
        counts.denied += not verdict.allowed
        return _Answer(200, wire.as_written(wire.Reply(response=verdict)))

    def _failed(
        self,
        endpoint: Endpoint | None,
        uid: str,
        counts: Counts,
        error: Exception | None,
        *,
        seconds: float = 0.0,
    ) -> _Answer:
        """Tell the API server that there is no verdict, and the log why."""
        counts.failed += 1
        name = endpoint.webhook.full_name if endpoint else ""
        if error is None:
            self._log.error("webhook_timed_out", webhook=name, uid=uid, seconds=seconds)
            text = f"pentad: {name} did not decide within {seconds:.3g} s (request {uid})"
            return _Answer(504, _status(Refused(504, "Timeout", text)))
        self._log.error("webhook_failed", webhook=name, uid=uid, error=repr(error), exc_info=error)
        text = f"pentad: {name} failed with {type(error).__name__} (request {uid}); see the log"
        return _Answer(500, _status(Refused(500, "InternalError", text)))

    def _patience(self, endpoint: Endpoint | None, request: BaseRequest) -> float:
        """For how long the API server waits: what it says, but no more than was declared."""
        most = endpoint.webhook.timeout_seconds if endpoint else self._limits.seconds
        try:
            said = Duration.parse(request.query.get("timeout", "")).seconds
        except DurationError:
            return most
        return min(said, most) if said > 0 else most

    async def _question(self, request: BaseRequest) -> wire.Question:
        most = self._limits.body
        if (request.content_length or 0) > most:
            raise _too_large(most)
        body = bytearray()
        try:
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > most:
                    raise _too_large(most)
        except RequestPayloadError as error:  # not in the coding that it says
            raise Refused(400, "BadRequest", "the body cannot be decoded: send it plain") from error
        try:
            return wire.read(bytes(body))
        except ValueError as error:
            raise Refused(400, "BadRequest", f"not an AdmissionReview v1: {error}") from error


def _checked(endpoint: Endpoint | None, request: BaseRequest) -> Endpoint:
    """Refuse what cannot be a review for the endpoint."""
    if endpoint is None:
        raise Refused(404, "NotFound", f"there is no webhook at {request.path[:200]!r}")
    if request.method != "POST":
        raise Refused(405, "MethodNotAllowed", "reviews are posted")
    if request.content_type != "application/json":
        raise Refused(415, "UnsupportedMediaType", "reviews are application/json")
    return endpoint


def _too_large(most: int) -> Refused:
    return Refused(413, "RequestEntityTooLarge", f"a review has at most {most} bytes")


def _status(refused: Refused) -> bytes:
    return wire.as_written(
        wire.Refusal(
            message=refused.message, reason=refused.reason, code=refused.code, details=UNSET
        )
    )


def _response(answer: _Answer) -> Response:
    headers = {"Retry-After": answer.retry_after} if answer.retry_after else None
    return Response(
        body=answer.body, status=answer.code, content_type="application/json", headers=headers
    )


def _cannot_listen(error: OSError, address: str) -> ConfigError:
    remedies = {
        errno.EADDRINUSE: "end the program that holds the port, or choose another with "
        "--webhook-address",
        errno.EACCES: "choose a port above 1023 with --webhook-address",
        errno.EADDRNOTAVAIL: "choose an address of this machine with --webhook-address",
    }
    return ConfigError(
        f"webhooks cannot be served at {address} ({error.strerror or error})",
        remedy=remedies.get(error.errno or 0, "choose another --webhook-address"),
    )


def _quiet() -> logging.Logger:
    """A logger for aiohttp's remarks on broken connections, which nobody needs to read."""
    logger = logging.getLogger("pentad.webhook.http")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
