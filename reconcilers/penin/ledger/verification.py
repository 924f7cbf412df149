"""The whole ledger of a cluster, gathered from where it is and compared: I/O around `chain.verify`.

Entries and the head are read from the API server; the volume's content comes from the writer, by
the API server's way to its pod, so whoever verifies needs no way into the cluster's network, only
`get` on `pods/proxy`. Nothing is taken from the operator.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import msgspec

from informers.client import Client
from informers.errors import NotFound, StatusError
from informers.meta.builtin import CONFIG_MAP, POD
from informers.meta.codec import decode
from informers.request import ListOptions, Request
from reconcilers.penin.cluster.services import APP
from reconcilers.penin.ledger import entries
from reconcilers.penin.ledger.chain import Head, Report, verify
from reconcilers.penin.ledger.entries import PORT, SERVICE, ConfigMap, Place

SECONDS: Final = 30.0

Reading = Callable[[int], Awaitable[bytes]]
"""Reads a volume from an offset; nothing at its end."""


class Unreadable(Exception):
    """The volume's content cannot be had; the message says why and what to do."""


class NoWriter(Unreadable):
    """Nobody is there to show the volume."""

    def __init__(self, place: Place, why: str) -> None:
        super().__init__(
            f"no ledger-writer of {place.key} runs: {why}; --objects-only does without the volume"
        )


@attrs.frozen(kw_only=True)
class Gathered:
    """All there is of a ledger; `volume` is None where there is none to read."""

    objects: dict[int, bytes]
    volume: bytes | None
    head: Head | None

    @property
    def is_empty(self) -> bool:
        """Whether there is no trace of a ledger."""
        return not self.objects and not self.volume and self.head is None

    @property
    def report(self) -> Report:
        """What a comparison of all of it comes to."""
        return verify(objects=self.objects, volume=self.volume, head=self.head)


async def gather(client: Client, place: Place, *, read: Reading | None) -> Gathered:
    """Read a whole ledger; without `read` its objects alone.

    The head comes first and the objects last: what is written meanwhile is then found further on,
    and never missed.
    """
    head = await _head(client, place)
    volume = None if read is None else await _content(read)
    return Gathered(objects=await _objects(client, place), volume=volume, head=head)


async def _head(client: Client, place: Place) -> Head | None:
    try:
        found = await client.get(CONFIG_MAP, place.head, namespace=place.namespace)
    except NotFound:
        return None
    return entries.head_of(decode(found.raw, ConfigMap))


async def _objects(client: Client, place: Place) -> dict[int, bytes]:
    options = ListOptions(namespace=place.namespace, label_selector=place.selector)
    found = [decode(each.raw, ConfigMap) for each in (await client.list(CONFIG_MAP, options)).items]
    return {
        sequence: entries.content(each)
        for each in found
        if (sequence := place.sequence(entries.name_of(each)))
    }


async def _content(read: Reading) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := await read(size):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


async def by_proxy(client: Client, place: Place) -> Reading:
    """Return how to read the volume of a ledger through the API server.

    Raises:
        NoWriter: If no writer runs.
    """
    selector = f"app={APP},cluster={place.cluster},service={SERVICE}"
    options = ListOptions(namespace=place.namespace, label_selector=selector)
    pods = [_Pod.of(each.raw) for each in (await client.list(POD, options)).items]
    running = [pod.metadata.name for pod in pods if pod.status.phase == "Running"]
    if not running:
        where = f"-n {place.namespace} get pods -l {selector}"
        raise NoWriter(place, f"`kubectl {where}` shows why")
    path = POD.path(place.namespace, f"{running[0]}:{PORT}")

    async def read(offset: int) -> bytes:
        request = Request(
            method="GET", path=f"{path}/proxy/ledger", query={"offset": str(offset)}, accept="*/*"
        )
        try:
            return (await client.send(request, timeout=SECONDS)).body
        except StatusError as error:
            raise Unreadable(
                f"the volume of {place.key} cannot be read through pod {running[0]}: "
                f"{error.message}; it takes `get` on pods/proxy"
            ) from error

    return read


class _Name(msgspec.Struct):
    name: str = ""


class _Status(msgspec.Struct):
    phase: str = ""


class _Pod(msgspec.Struct):
    metadata: _Name
    status: _Status = msgspec.field(default_factory=_Status)

    @classmethod
    def of(cls, raw: bytes) -> "_Pod":
        return msgspec.json.decode(raw, type=cls)


def told(place: Place, gathered: Gathered) -> list[str]:
    """Return what a person reads of a verified ledger."""
    report = gathered.report
    volume = "no volume" if gathered.volume is None else f"{report.on_volume} on the volume"
    lines = [f"{place.key}: {report.entries} entries, {volume}, {len(gathered.objects)} objects"]
    lines.append(f"head {report.head}")
    lines += [f"  {problem}" for problem in report.problems]
    lines.append("whole: every hash is right" if report.is_whole else "NOT WHOLE: see above")
    return lines
