"""The scale of a workload, whatever its kind: read, and written under its resource version.

Workloads of apps/v1 are read from caches, others by a request. Nothing else of a workload is ever
written. A write that meets another one is tried again, from what is read live then, as long as the
number of pods is the one that was decided upon; if it is not, the decision is void (`Moved`).
Errors that tell of the server and nothing of the workload go on to the runtime, which tries again.

That a kind may be scaled is for the roles of the operator to say; those of apps/v1 may.
"""

from typing import Any, Final

from msgspec import Struct

from informers.client import Client
from informers.errors import Conflict, Forbidden, NotFound, StatusError
from informers.meta.codec import decode
from informers.meta.kinds import Kind
from reconcilers.vertice.api.scaler import Target
from reconcilers.vertice.scaler.reading.kinds import Kinds, UnknownKind
from reconcilers.vertice.scaler.reading.workloads import Scale, Workloads

_REFUSED: Final = "Refused"
_FORBIDDEN: Final = "Forbidden"
ASKED_AGAIN: Final = frozenset({_REFUSED, _FORBIDDEN})
"""Reasons why a scale was not written that somebody may do away with without a word to us."""
MANAGER: Final = "pentad-vertice-scaler"
_TRIES: Final = 3
_UNGRANTED: Final = 'is forbidden: User "'
"""How the API server says that no role grants something; others who forbid have other words."""
_NUMBERLESS: Final = "the spec replicas field "
"""How it says that an object of a definition has no number, in an error that it calls its own."""


class TargetError(Exception):
    """A workload that cannot be scaled: a word for a condition, and a sentence with the remedy.

    What is passing tells of a server that does not answer, and nothing of the workload.
    """

    def __init__(self, reason: str, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.is_passing = is_passing


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


class Scales:
    """Reads and writes scales."""

    def __init__(self, client: Client, kinds: Kinds, workloads: Workloads) -> None:
        self._client = client
        self._kinds = kinds
        self._workloads = workloads

    async def kind(self, target: Target) -> Kind:
        """Return what the kind of a target is called in paths.

        Raises:
            TargetError: If there is none, or if it has no scale.
        """
        try:
            found = await self._kinds.find(target.group_version, target.kind)
        except UnknownKind as error:
            raise TargetError("UnknownKind", str(error), is_passing=error.is_unanswered) from error
        if not found.is_scalable:
            raise TargetError(
                "NotScalable",
                f"{target.kind} of {target.group_version} has no scale{_scaleless(target)}",
            )
        return found.kind

    async def read(self, namespace: str, target: Target) -> Scale:
        """Read the scale of a target.

        Raises:
            TargetError: If there is none, it may not be read, or another controller writes it.
        """
        kind, found = await self.kind(target), None
        if self._workloads.keeps(kind):
            found = self._workloads.find(kind, namespace, target.name)
        if found is None:
            found = await self._ask(kind, namespace, target)
        if found.deployment:
            raise TargetError(
                "OwnedByDeployment",
                f"{target.kind} {target.name} belongs to Deployment {found.deployment}, which sets "
                "its number of pods: name that Deployment in spec.target",
            )
        if found.setter:
            raise TargetError(
                "SetByAnother",
                f"{found.setter} sets the number of pods of {target.kind} {target.name}: have it "
                "leave that alone, or delete this scaler",
            )
        return found

    async def _ask(self, kind: Kind, namespace: str, target: Target) -> Scale:
        """Read the scale of a target live."""
        try:
            if self._workloads.keeps(kind):
                return await self._workloads.ask(kind, namespace, target.name)
            found = await self._client.get(
                kind, target.name, namespace=namespace, subresource="scale"
            )
        except NotFound as error:
            raise TargetError(
                "TargetMissing",
                f"there is no {target.kind} {target.name} in namespace {namespace}: make it there, "
                "or name another one in spec.target",
            ) from error
        except Forbidden as error:
            raise _forbidden(target, kind, "get", error) from error
        except StatusError as error:
            if _NUMBERLESS in str(error):
                raise _numberless(target) from error
            if error.is_passing:
                raise
            raise TargetError(
                "Unreadable", f"the scale of {target.kind} {target.name} was refused: {error}"
            ) from error
        scale = decode(found.raw, _Scale)
        return Scale(
            uid=scale.metadata.uid,
            version=scale.metadata.resource_version,
            replicas=scale.spec.replicas,
            shown=scale.status.replicas,
            selector=scale.status.selector,
        )

    async def write(
        self, namespace: str, target: Target, scale: Scale, replicas: int, *, dry_run: bool = False
    ) -> None:
        """Make it so many pods, if there are still as many to be as were read.

        A dry run asks whoever may refuse, and writes nothing.

        Raises:
            Moved: If there are not.
            TargetError: If that is not allowed, or it is gone.
        """
        kind, found = await self.kind(target), scale
        for _ in range(_TRIES):
            try:
                await self._put(kind, namespace, target.name, found, replicas, dry_run=dry_run)
            except Conflict:
                found = await self._ask(kind, namespace, target)
                if (found.uid, found.replicas) != (scale.uid, scale.replicas):
                    raise Moved from None
            except NotFound as error:
                raise Moved from error
            except Forbidden as error:
                raise _forbidden(target, kind, "update", error) from error
            except StatusError as error:
                if error.is_passing:
                    raise
                raise _refused(target, replicas, error) from error
            else:
                return
        raise Moved

    async def _put(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        scale: Scale,
        replicas: int,
        *,
        dry_run: bool,
    ) -> None:
        identity = {"name": name, "namespace": namespace, "uid": scale.uid}
        body: dict[str, Any] = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {**identity, "resourceVersion": scale.version},
            "spec": {"replicas": replicas},
        }
        await self._client.update(
            kind,
            name,
            body,
            namespace=namespace,
            subresource="scale",
            manager=MANAGER,
            dry_run=dry_run,
        )


def _forbidden(target: Target, kind: Kind, verb: str, error: Forbidden) -> TargetError:
    """Say what is missing; who else forbids things, a webhook or a quota, has its own words."""
    text = str(error)
    if _UNGRANTED not in text:
        return TargetError(_REFUSED, f"{target.kind} {target.name}: {text}")
    return TargetError(
        _FORBIDDEN,
        f"the operator may not {verb} {kind.resource}/scale, which {target.kind} {target.name} "
        f"needs: bind its account a role with get and update of it ({text})",
    )


def _numberless(target: Target) -> TargetError:
    return TargetError(
        "Unreadable",
        f"{target.kind} {target.name} does not say how many pods it is to have: write a number "
        "where specReplicasPath of its definition points, or give that field a default there",
    )


def _scaleless(target: Target) -> str:
    """Say what to do; only custom kinds have a definition, and those have a domain for a group."""
    group, _, _ = target.group_version.rpartition("/")
    if "." in group and not group.endswith(".k8s.io"):
        return ": its definition needs subresources.scale"
    return ", so nothing can scale it: name another kind in spec.target"


def _refused(target: Target, replicas: int, error: StatusError) -> TargetError:
    return TargetError(
        _REFUSED, f"{replicas} pods of {target.kind} {target.name} were refused: {error}"
    )
