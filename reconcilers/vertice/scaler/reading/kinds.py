"""What kinds are called in paths, of which specs name only the kind: the server is asked, once.

Kinds of apps/v1 are known. What a server does not have may come, also a scale of what it has, so
only what cannot become better is remembered. A
server of others that is down is a reason like any other: who asks for a kind of its group is told,
and nobody else.
"""

import re
from typing import Final

import attrs
from msgspec import Struct

from informers.client import Client
from informers.errors import InformersError, NotFound
from informers.meta.builtin import DEPLOYMENT, STATEFUL_SET
from informers.meta.codec import decode
from informers.meta.errors import DecodeError
from informers.meta.kinds import Kind
from informers.request import Request
from reconcilers.vertice.api.measured import GROUP_VERSION
from reconcilers.vertice.scaler.reading.resources import trouble

REPLICA_SET: Final = Kind("apps", "v1", "ReplicaSet", "replicasets")
_SCALE: Final = "/scale"


class UnknownKind(Exception):
    """The server has no such kind, or does not say; the message has the remedy."""

    def __init__(self, message: str, *, is_unanswered: bool = False) -> None:
        super().__init__(message)
        self.is_unanswered = is_unanswered


class _Announced(Struct, frozen=True, rename="camel"):
    name: str
    kind: str = ""
    namespaced: bool = True


class _Announcement(Struct, frozen=True, rename="camel"):
    resources: tuple[_Announced, ...] = ()


@attrs.frozen
class Served:
    """A kind as a server has it, and whether its objects have a scale."""

    kind: Kind
    is_scalable: bool


class Kinds:
    """Finds kinds."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known = {
            (each.api_version, each.kind): Served(each, is_scalable=True)
            for each in (DEPLOYMENT, STATEFUL_SET, REPLICA_SET)
        }

    async def find(self, group_version: str, kind: str) -> Served:
        """Return a kind, and whether it has a scale by now.

        Raises:
            UnknownKind: If the server has none.
        """
        key = group_version, kind
        known = self._known.get(key)
        if known is None or not known.is_scalable:
            known = self._known[key] = await self._ask(*key)
        return known

    async def named(self, group_version: str, kind: str) -> Kind:
        """Return what a kind is called, whether it has a scale or not.

        Raises:
            UnknownKind: If the server has none.
        """
        known = self._known.get((group_version, kind)) or await self.find(group_version, kind)
        return known.kind

    async def _ask(self, group_version: str, kind: str) -> Served:
        announced = (await self._announcement(group_version, kind)).resources
        names = {each.name for each in announced}
        for each in announced:
            if each.kind == kind and "/" not in each.name:
                group, _, version = group_version.rpartition("/")
                found = Kind(group, version, kind, each.name, namespaced=each.namespaced)
                return Served(found, is_scalable=each.namespaced and each.name + _SCALE in names)
        raise _unknown(group_version, kind)

    async def _announcement(self, group_version: str, kind: str) -> _Announcement:
        """Return what a server says of a group; what names none is no path to ask for."""
        if not re.fullmatch(GROUP_VERSION, group_version):
            raise _unknown(group_version, kind)
        root = "/apis" if "/" in group_version else "/api"
        try:
            answer = await self._client.send(Request(method="GET", path=f"{root}/{group_version}"))
            return decode(answer.body, _Announcement)
        except NotFound as error:
            raise _unknown(group_version, kind) from error
        except (InformersError, DecodeError) as error:
            why = trouble(error, group_version, "its server")
            raise UnknownKind(why, is_unanswered=True) from error


def _unknown(group_version: str, kind: str) -> UnknownKind:
    return UnknownKind(
        f"the server has no {kind} in {group_version}: see kubectl api-resources for its spelling"
    )
