"""What a program tells of itself at /metrics, while it may not be up yet."""

from typing import Final

import aiohttp

_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)


async def scrape(address: str) -> str:
    """Return the page, of a program that does not answer yet an empty one."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(f"http://{address}/metrics") as answer,
        ):
            return await answer.text()
    except aiohttp.ClientError:
        return ""
