"""What one program asked of the API server, counted in the audit log of a local cluster.

Leases are left out: whoever wants to lead renews one, whether there is work or not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs
import msgspec

_WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_ELECTION: Final = "leases"
_OK: Final = 200


class _Object(msgspec.Struct, frozen=True):
    resource: str = ""
    subresource: str = ""
    name: str = ""

    @property
    def is_scale(self) -> bool:
        return self.subresource == "scale"


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Answer(msgspec.Struct, frozen=True):
    code: int = 0


class _Line(msgspec.Struct, frozen=True, rename="camel"):
    verb: str = ""
    user_agent: str = ""
    user: _User = _User()
    object_ref: _Object = _Object()
    response_status: _Answer = _Answer()


_LINE: Final = msgspec.json.Decoder(_Line)


@attrs.frozen(kw_only=True)
class Asked:
    """How much was asked for; `scaled` are the scales that were written."""

    requests: int
    writes: int
    scaled: int = 0


def asked(lines: Iterable[bytes], *, agent: str, user: str = "") -> Asked:
    """Count the lines of the program whose User-Agent begins so, and whose user it is, if said."""
    found = list(_of(lines, agent=agent, user=user))
    return Asked(
        requests=len(found),
        writes=sum(line.verb in _WRITES for line in found),
        scaled=sum(
            line.object_ref.is_scale and line.verb == "update" and line.response_status.code == _OK
            for line in found
        ),
    )


def scales_read(lines: Iterable[bytes], *, agent: str, user: str) -> Counter[str]:
    """Count how often the scale of each object was read."""
    return Counter(
        line.object_ref.name
        for line in _of(lines, agent=agent, user=user)
        if line.object_ref.is_scale and line.verb == "get"
    )


def _of(lines: Iterable[bytes], *, agent: str, user: str) -> Iterator[_Line]:
    for line in map(_LINE.decode, lines):
        is_theirs = line.user_agent.startswith(agent) and user in {"", line.user.username}
        if is_theirs and line.object_ref.resource != _ELECTION:
            yield line


class AuditLog:
    """The log from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = path.stat().st_size

    def from_now(self) -> "AuditLog":
        """Return the same log, begun later."""
        return AuditLog(self._path)

    def asked(self, *, agent: str, user: str = "") -> Asked:
        """Count what a program has asked for since."""
        return asked(self._lines(), agent=agent, user=user)

    def scales_read(self, *, agent: str, user: str) -> Counter[str]:
        """Count how often a program has read the scale of each object since."""
        return scales_read(self._lines(), agent=agent, user=user)

    def _lines(self) -> Iterator[bytes]:
        with self._path.open("rb") as log:
            log.seek(self._begin)
            yield from (line for line in log if line.endswith(b"\n"))
