"""aiohttp, entered without the certificates it would load and never use.

Importing `aiohttp.connector` makes two TLS contexts and fills both with the system's certificate
authorities: about 100 ms of CPU, a fifth of a start. Every request of ours brings a context of its
own (`Endpoint.ssl_context`), so those two stay empty here. A test fails should aiohttp stop making
them, and one of ours shows that an empty context trusts nobody: forgetting to pass one is refused,
not insecure.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager


def _load_nothing(context: ssl.SSLContext, purpose: object = None) -> None:
    del context, purpose


@contextmanager
def _without_default_certificates() -> Iterator[None]:
    original = ssl.SSLContext.load_default_certs
    setattr(ssl.SSLContext, "load_default_certs", _load_nothing)  # noqa: B010 - types forbid it
    try:
        yield
    finally:
        setattr(ssl.SSLContext, "load_default_certs", original)  # noqa: B010 - as above


with _without_default_certificates():
    import aiohttp

__all__ = ["aiohttp"]
