"""What one program asked of the API server, counted in the audit log of a local cluster.

Leases are left out: whoever wants to lead renews one, whether there is work or not.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs
import msgspec

_WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_ELECTION: Final = "leases"


class _Object(msgspec.Struct, frozen=True):
    resource: str = ""


class _Line(msgspec.Struct, frozen=True, rename="camel"):
    verb: str = ""
    user_agent: str = ""
    object_ref: _Object = _Object()


_LINE: Final = msgspec.json.Decoder(_Line)


@attrs.frozen(kw_only=True)
class Asked:
    """How much was asked for."""

    requests: int
    writes: int


def asked(lines: Iterable[bytes], *, agent: str) -> Asked:
    """Count the lines of the program whose User-Agent begins so."""
    found = [
        line
        for line in map(_LINE.decode, lines)
        if line.user_agent.startswith(agent) and line.object_ref.resource != _ELECTION
    ]
    return Asked(requests=len(found), writes=sum(line.verb in _WRITES for line in found))


class AuditLog:
    """The log from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._begin = path.stat().st_size

    def asked(self, *, agent: str) -> Asked:
        """Count what a program has asked for since."""
        with self._path.open("rb") as log:
            log.seek(self._begin)
            return asked((line for line in log if line.endswith(b"\n")), agent=agent)
