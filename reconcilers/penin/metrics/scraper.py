"""Reads the metrics pages of many pods, so many at once, each within its time and size.

What cannot be read is an answer, too: the reason, in words for a condition. Nothing is kept open
between two readings, so there is nothing that somebody would have to close.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from reconcilers.penin.metrics.exposition import Page, UnreadablePageError, parse

if TYPE_CHECKING:
    from aiohttp import ClientSession

AT_ONCE: Final = 16
SECONDS: Final = 2.0
MOST: Final = 1 << 20
_OK: Final = 200
_ACCEPT: Final = {"Accept": "text/plain;version=0.0.4"}


@attrs.frozen
class Unread:
    """Why a page could not be read."""

    why: str


class Scraper:
    """Reads pages; one is shared by all who read at the same time."""

    def __init__(self, *, at_once: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._seconds = seconds

    async def read(self, urls: Mapping[str, str]) -> dict[str, Page | Unread]:
        """Read the page behind each URL; what is named in is named out."""
        import aiohttp  # noqa: PLC0415 - nobody needs it before the first pod is ready

        # Pods are reached by their address alone: no proxy of the environment, no redirection.
        async with (
            aiohttp.ClientSession(trust_env=False, headers=_ACCEPT) as session,
            asyncio.TaskGroup() as group,
        ):
            tasks = {name: group.create_task(self._one(session, url)) for name, url in urls.items()}
        return {name: task.result() for name, task in tasks.items()}

    async def _one(self, session: "ClientSession", url: str) -> Page | Unread:
        from aiohttp import ClientError  # noqa: PLC0415 - as above

        try:
            async with self._places, asyncio.timeout(self._seconds):
                return await _fetch(session, url)
        except TimeoutError:
            return Unread(f"no answer within {self._seconds:g} s")
        except (ClientError, OSError) as error:
            return Unread(f"cannot be reached: {error}")


async def _fetch(session: "ClientSession", url: str) -> Page | Unread:
    async with session.get(url, allow_redirects=False) as answer:
        if answer.status != _OK:
            return Unread(f"answers {answer.status}")
        raw = b""
        async for part in answer.content.iter_any():
            raw += part
            if len(raw) > MOST:
                return Unread(f"more than {MOST >> 20} MiB of metrics")
    try:
        return parse(raw.decode())
    except UnicodeDecodeError:
        return Unread("is not text")
    except UnreadablePageError as error:
        return Unread(str(error))
