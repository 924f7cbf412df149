"""Reading the logs of containers, whole or as they are written."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import attrs

from controller.cli.loglines import Line, parse
from controller.cli.reading import listed, text
from controller.cli.thing import Thing
from informers.client import Client
from informers.errors import StatusError, TransportError
from informers.request import Request
from informers.stream import Lines

SILENCE_SECONDS: Final = 4 * 3600.0
"""How long a container may say nothing before its log is asked for anew; kubelets wait so long."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one container, where the log is read whole."""
_TRIES: Final = 5
_PAUSE: Final = 1.0


@attrs.frozen(kw_only=True)
class Source:
    """A container whose log is read; `title` stands before its lines."""

    namespace: str
    pod: str
    container: str
    title: str
    uid: str = ""
    """Of the pod: another one may come under its name."""


@attrs.frozen(kw_only=True)
class Extent:
    """How much of a log is wanted."""

    tail: int | None = None
    since_seconds: int | None = None
    previous: bool = False

    def query(self) -> dict[str, str]:
        """Return it as the API server is asked."""
        said: Mapping[str, object | None] = {
            "tailLines": self.tail,
            "sinceSeconds": self.since_seconds,
            "previous": "true" if self.previous else None,
        }
        return {name: str(value) for name, value in said.items() if value is not None}


def sources(pod: Thing, container: str = "") -> list[Source]:
    """Return the containers of a pod that run as long as it does, or the one that is named."""
    every = [text(each, "name") for each in listed(pod.body, "spec", "containers")]
    names = every
    if container:
        first = [text(each, "name") for each in listed(pod.body, "spec", "initContainers")]
        names = [each for each in [*first, *every] if each == container]
    return [
        Source(
            namespace=pod.namespace,
            pod=pod.name,
            container=name,
            title=pod.name if len(every) == 1 else f"{pod.name}/{name}",
            uid=pod.uid,
        )
        for name in names
    ]


def request(source: Source, extent: Extent, **more: str) -> Request:
    """Return the request for a log, with the time before each line."""
    return Request(
        method="GET",
        path=f"/api/v1/namespaces/{source.namespace}/pods/{source.pod}/log",
        query={"container": source.container, "timestamps": "true", **extent.query(), **more},
        accept="*/*",
    )


async def read(client: Client, source: Source, extent: Extent) -> list[Line]:
    """Read a log as it is now."""
    response = await client.send(request(source, extent, limitBytes=str(MOST_BYTES)))
    found = response.body.decode("utf-8", "replace")
    return [parse(each, source.title) for each in found.splitlines()]


async def follow(client: Client, source: Source, extent: Extent) -> AsyncIterator[Line]:
    """Read a log as it is written, until the container ends; a lost connection is made again."""
    shown, last, tries = "", "", 0
    more: dict[str, str] = {"follow": "true"}
    while True:
        try:
            async for line in _lines(client, request(source, extent, **more), source):
                if line.order and line.order <= shown:
                    continue  # before the connection was lost
                last, tries = line.order or last, 0
                yield line
        except TransportError:
            tries += 1
            if tries > _TRIES:
                raise
            await client.clock.sleep(_PAUSE)
        else:
            return
        if shown := last:
            extent = Extent(previous=extent.previous)
            more["sinceTime"] = f"{last[:19]}Z"


async def _lines(client: Client, asked: Request, source: Source) -> AsyncIterator[Line]:
    lines = Lines()
    async with client.stream(asked) as stream:
        while chunk := await stream.chunk(within=SILENCE_SECONDS):
            for each in lines.feed(chunk):
                yield parse(each.decode("utf-8", "replace").rstrip("\r"), source.title)
    if lines.rest:
        yield parse(lines.rest.decode("utf-8", "replace"), source.title)


def explain(source: Source, error: StatusError) -> str:
    """Return in a line why a container has no log."""
    return f"{source.title}: {error.message}"
