"""What the API server warns of, told once.

With an answer it may say that an API version is deprecated, that a field of an applied object is
unknown and was dropped, or what an admission policy thinks. Nobody waits for that, so it is told to
whoever set `tell` (the manager logs it), each text once: a warning comes with every request.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from informers.request import Request

MOST: Final = 256
"""Texts that are remembered; a policy that puts an object's name into each starts anew."""
_TEXT: Final = re.compile(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(r"\\(.)")


class Caveats:
    """The warnings of one API server."""

    def __init__(self) -> None:
        self.tell: Callable[[Request, str], object] | None = None
        self._told: set[str] = set()

    def __len__(self) -> int:
        return len(self._told)

    def take(self, request: Request, said: Iterable[str]) -> None:
        """Tell what is new of the Warning headers that came with an answer."""
        if self.tell is None:
            return
        for header in said:
            for quoted in _TEXT.findall(header):
                text = _ESCAPE.sub(r"\1", quoted)
                if text in self._told:
                    continue
                if len(self._told) >= MOST:
                    self._told.clear()
                self._told.add(text)
                self.tell(request, text)
