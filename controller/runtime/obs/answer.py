"""A question over HTTP and its answer, as plain data.

What answers (probes, metrics, debug pages) is a function from `Ask` to `Answer` and knows nothing
of sockets; what listens knows nothing of pages.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import msgspec

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"


@attrs.frozen(kw_only=True)
class Ask:
    """One request; header names are in lower case, of repeated parameters the last counts."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    peer: str

    @property
    def bearer(self) -> str:
        """The bearer token that came along, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@attrs.frozen(kw_only=True)
class Answer:
    """What to say."""

    code: int = 200
    body: bytes = b""
    content_type: str = TEXT
    headers: Mapping[str, str] = attrs.field(factory=dict)


Answering = Callable[[Ask], Answer]


def say(text: str, *, code: int = 200) -> Answer:
    """A line or more for people."""
    return Answer(code=code, body=text.encode() + b"\n")


def show(content: Any, *, code: int = 200) -> Answer:  # noqa: ANN401 - whatever JSON can say
    """Indented JSON, for people and for jq."""
    body = msgspec.json.format(msgspec.json.encode(content, enc_hook=str), indent=2)
    return Answer(code=code, body=body + b"\n", content_type=JSON)
