"""The scale of a workload, whatever its kind: read, and written under its resource version.

Nothing else of a workload is ever written. A write that meets another one is tried again as long as
the number of pods is the one that was decided upon; if it is not, the decision is void (`Moved`).

Kinds of apps/v1 are known. Of others the server is asked, once, what they are called in paths and
whether they have a scale; that they may be scaled is for the roles of the operator to say.
"""

from typing import Any, Final

import attrs
import msgspec
from msgspec import Struct

from informers.client import Client
from informers.errors import Conflict, Forbidden, NotFound
from informers.meta.builtin import DEPLOYMENT, STATEFUL_SET
from informers.meta.codec import decode
from informers.meta.kinds import Kind
from informers.request import Request
from reconcilers.vertice.api.scaler import Target

REPLICA_SET: Final = Kind("apps", "v1", "ReplicaSet", "replicasets")
KNOWN: Final = {
    (each.api_version, each.kind): each for each in (DEPLOYMENT, STATEFUL_SET, REPLICA_SET)
}
MANAGER: Final = "pentad-vertice-scaler"
_TRIES: Final = 3
_SCALE: Final = "/scale"


class TargetError(Exception):
    """A workload that cannot be scaled: a word for a condition, and a sentence with the remedy."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Moved(Exception):
    """Somebody else changed the number of pods meanwhile."""


class _Spec(Struct, frozen=True, rename="camel"):
    replicas: int = 0


class _Status(Struct, frozen=True, rename="camel"):
    replicas: int = 0
    selector: str = ""


class _Meta(Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    uid: str = ""


class _Scale(Struct, frozen=True, rename="camel"):
    metadata: _Meta
    spec: _Spec = _Spec()
    status: _Status = _Status()


class _Announced(Struct, frozen=True, rename="camel"):
    name: str
    kind: str = ""
    namespaced: bool = True


class _Announcement(Struct, frozen=True, rename="camel"):
    resources: tuple[_Announced, ...] = ()


_ANNOUNCEMENT: Final = msgspec.json.Decoder(_Announcement)


@attrs.frozen(kw_only=True)
class Scale:
    """How many pods a workload is to have, how many it has, and which are its own."""

    uid: str
    version: str
    replicas: int
    shown: int
    selector: str


class Scales:
    """Reads and writes scales."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds = dict(KNOWN)

    async def kind(self, target: Target) -> Kind:
        """Return what the kind of a target is called in paths.

        Raises:
            TargetError: If there is none, or if it has no scale.
        """
        key = target.group_version, target.kind
        if key not in self._kinds:
            self._kinds[key] = await self._announced(*key)
        return self._kinds[key]

    async def read(self, namespace: str, target: Target) -> Scale:
        """Read the scale of a target.

        Raises:
            TargetError: If there is none, or it may not be read.
        """
        kind = await self.kind(target)
        try:
            found = await self._client.get(
                kind, target.name, namespace=namespace, subresource="scale"
            )
        except NotFound as error:
            raise TargetError(
                "TargetMissing", f"there is no {target.kind} {target.name} in this namespace"
            ) from error
        except Forbidden as error:
            raise _forbidden(target, kind, "get") from error
        scale = decode(found.raw, _Scale)
        return Scale(
            uid=scale.metadata.uid,
            version=scale.metadata.resource_version,
            replicas=scale.spec.replicas,
            shown=scale.status.replicas,
            selector=scale.status.selector,
        )

    async def write(self, namespace: str, target: Target, scale: Scale, replicas: int) -> None:
        """Make it so many pods, if there are still as many to be as were read.

        Raises:
            Moved: If there are not.
            TargetError: If that is not allowed, or it is gone.
        """
        kind, found = await self.kind(target), scale
        for _ in range(_TRIES):
            try:
                await self._put(kind, namespace, target.name, found, replicas)
            except Conflict:
                found = await self.read(namespace, target)
                if (found.uid, found.replicas) != (scale.uid, scale.replicas):
                    raise Moved from None
            except NotFound as error:
                raise Moved from error
            except Forbidden as error:
                raise _forbidden(target, kind, "update") from error
            else:
                return
        raise Moved

    async def _put(
        self, kind: Kind, namespace: str, name: str, scale: Scale, replicas: int
    ) -> None:
        identity = {"name": name, "namespace": namespace, "uid": scale.uid}
        body: dict[str, Any] = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {**identity, "resourceVersion": scale.version},
            "spec": {"replicas": replicas},
        }
        await self._client.update(
            kind, name, body, namespace=namespace, subresource="scale", manager=MANAGER
        )

    async def _announced(self, group_version: str, kind: str) -> Kind:
        """Ask the server for a kind."""
        root = "/apis" if "/" in group_version else "/api"
        try:
            answer = await self._client.send(Request(method="GET", path=f"{root}/{group_version}"))
        except NotFound as error:
            raise _unknown(group_version, kind) from error
        announced = _ANNOUNCEMENT.decode(answer.body).resources
        names = {each.name for each in announced}
        for each in announced:
            if each.kind == kind and "/" not in each.name:
                if each.name + _SCALE not in names or not each.namespaced:
                    raise TargetError(
                        "NotScalable",
                        f"{kind} of {group_version} has no scale: its definition needs "
                        "subresources.scale",
                    )
                group, _, version = group_version.rpartition("/")
                return Kind(group, version, kind, each.name)
        raise _unknown(group_version, kind)


def _unknown(group_version: str, kind: str) -> TargetError:
    return TargetError(
        "UnknownKind",
        f"the server has no {kind} in {group_version}: see kubectl api-resources for its spelling",
    )


def _forbidden(target: Target, kind: Kind, verb: str) -> TargetError:
    return TargetError(
        "Forbidden",
        f"the operator may not {verb} {kind.resource}/scale, which {target.kind} {target.name} "
        "needs: bind its account a role with get and update of it",
    )
