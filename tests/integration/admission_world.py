"""An admission server with one webhook, and callers of it that are no API server."""

import asyncio
import contextlib
import json
import re
import ssl

from controller.runtime.obs.log import configure
from controller.runtime.registration import Webhook
from controller.runtime.webhook.admission import Admission, Denied
from controller.runtime.webhook.server import AdmissionServer, Limits
from controller.runtime.webhook.serving import ServingCertificate
from informers.tls import KeyPair
from tests.kit.certificates import Authority
from tests.kit.widget.api import WIDGET, Widget

BRISK = Limits(idle=1.0, handshake=1.0, linger=0.3, drain=2.0, seconds=1.0)
PATH = "/validate/test.pentad.dev/v1alpha1/widgets/hook"


class Gate:
    """A handler that waits to be let go, or breaks, as the object's colour says."""

    def __init__(self):
        self.opened = asyncio.Event()
        self.entered = 0

    async def __call__(self, request: Admission[Widget]) -> None:
        """Judge."""
        self.entered += 1
        match request.object.spec.colour:
            case "red":
                raise Denied("no red")
            case "broken":
                raise ZeroDivisionError
            case "slow":
                await self.opened.wait()


class World:
    """A server with one webhook, and the authority of its certificate."""

    def __init__(self, *, limits=BRISK, seconds=1, port=0):
        self.authority = Authority()
        self.certificate = ServingCertificate()
        self.renew()
        self.gate = Gate()
        hook = Webhook(
            name="hook", kind=WIDGET, mode="validate", handler=self.gate, timeout_seconds=seconds
        )
        self.server = AdmissionServer(
            [hook],
            self.certificate,
            host="127.0.0.1",
            port=port,
            log=configure("json", "warning"),
            limits=limits,
        )
        self.counts = self.server.statistics().webhooks["hook.widgets.test.pentad.dev"]

    def renew(self):
        """Show another certificate."""
        certificate, key = self.authority.issue()
        assert self.certificate.replace(KeyPair(certificate.encode(), key.encode()))

    async def __aenter__(self):
        await self.server.start()
        return self

    async def __aexit__(self, *_):
        await self.server.stop()

    async def connect(self):
        """Open a connection as the API server does."""
        context = ssl.create_default_context(cadata=self.authority.pem)
        return await asyncio.open_connection(
            "127.0.0.1", self.server.port, ssl=context, server_hostname="localhost"
        )


def review(colour="grey", uid="u-1"):
    """Return the bytes of a review."""
    new = {"metadata": {"name": "w"}, "spec": {"size": 1, "colour": colour}}
    request = {"uid": uid, "operation": "CREATE", "object": new}
    return json.dumps(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    ).encode()


def posted(body, *, path=PATH, method="POST", length=None, content_type="application/json"):
    """Return the bytes of a request."""
    length = len(body) if length is None else length
    return (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode() + body


async def answered(reader):
    """Read one answer; return its status and its document."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    body = await reader.readexactly(length)
    return int(head.split()[1]), json.loads(body) if body.startswith(b"{") else body


async def asked(world, request):
    """Send one request on a connection of its own; return the answer."""
    reader, writer = await world.connect()
    try:
        writer.write(request)
        async with asyncio.timeout(5):
            return await answered(reader)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
