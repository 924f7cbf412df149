"""Who asks that a workload's replica count is left alone for a while, why, and until when.

A failover, a restore or a backup that quiesces moves replicas itself and cannot have a scaler move
them, too; families do not know each other, so they meet at a Lease beside the workload, one for
each target and named for it. `freezer` writes it, `Intents` reads it from a cache, and people make
one with kubectl. It promises:

- Who dies unfreezes: a freeze ends `leaseDurationSeconds` after its `renewTime`, and a day after
  it at the most, whatever the Lease says.
- A record that says less than all of it is no freeze, and the log says what is wrong with it.
- Reading costs no request and never fails, whatever people have written.

A freeze is a request and no lock. Readers hear of it by their watch, and one may be in the middle
of a reconcile: whoever freezes looks at what became of the replicas before relying on it. That it
runs out is no event: a reader looks again in `Intent.remaining` seconds.

Times are of wall clocks, since processes compare them. To a reader whose clock is ahead a freeze
ends early by as much, and may be taken over then: freeze for much longer than clocks differ, and
renew when a third of it has passed. A `renewTime` ahead of the reader's clock by more than five
minutes has not begun, so that a wrong year freezes nothing for years.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from typing import Final

import attrs
import msgspec
from attrs.validators import matches_re, min_len

from controller.runtime.handler import Mapper
from controller.runtime.reconcile import RuntimeFailure
from controller.runtime.registration import Permission
from controller.runtime.runtime import Runtime
from controller.runtime.source import Log
from informers.meta import codec, names
from informers.meta.builtin import LEASE
from informers.meta.errors import UNREADABLE
from informers.meta.kinds import Kind
from informers.meta.microtime import MicroTime
from informers.reflector import Source
from informers.request import object_key
from informers.snapshot import Snapshot
from informers.store import Change, Store

LABEL: Final = "pentad.dev/intent"
TARGET: Final = "pentad.dev/intent-target"
WHY: Final = "pentad.dev/intent-why"
MOST_SECONDS: Final = 86_400
"""No freeze lasts longer without being renewed."""
WHY_MOST: Final = 500
"""Of what is said about it, as much as a message has room for."""
INTENTS: Final = Source(kind=LEASE, label_selector=f"{LABEL}=true")
"""What to watch, and no other Lease: those of nodes and elections change every few seconds."""

READING: Final = Permission(
    group=LEASE.group,
    resources=(LEASE.plural,),
    verbs=("list", "watch"),
    reason="A Lease labelled pentad.dev/intent says that a workload's replicas are left alone.",
)
FREEZING: Final = Permission(
    group=LEASE.group,
    resources=(LEASE.plural,),
    verbs=("get", "create", "update", "delete"),
    reason="While it moves a workload's replicas itself, a Lease tells others to leave them alone.",
)

_EARLY: Final = dt.timedelta(minutes=5)
_PREFIX: Final = "pentad-intent"


@attrs.frozen(cache_hash=True)
class TargetRef:
    """A workload whose replicas are meant, whatever version of its API it is asked for by.

    Case does not matter in a kind: a group with two that differ in nothing else has one target.

    Raises:
        ValueError: If its parts could not be told apart again, or one is missing.
    """

    group: str = attrs.field(validator=matches_re(r"[^/]*"))
    kind: str = attrs.field(eq=str.lower, validator=matches_re(r"[^./]+"))
    namespace: str = attrs.field(validator=min_len(1))
    name: str = attrs.field(validator=min_len(1))

    @classmethod
    def of(cls, kind: Kind, namespace: str, name: str) -> "TargetRef":
        """The target that an object of a kind is."""
        return cls(kind.group, kind.kind, namespace, name)

    @classmethod
    def parse(cls, namespace: str, text: str) -> "TargetRef":
        """Read what `str` of one prints, such as `StatefulSet.apps/orders`.

        Raises:
            ValueError: If it names no kind, or no name.
        """
        resource, _, name = text.partition("/")
        kind, _, group = resource.partition(".")
        return cls(group, kind, namespace, name)

    @property
    def lease(self) -> str:
        """The name of its Lease: no other target's, and readable unless that could be two.

        A name with a dot could as well begin with a part of the group.
        """
        kind = self.kind.lower()
        readable = ".".join(part for part in (_PREFIX, kind, self.group, self.name) if part)
        if "." not in self.name and not names.dns1123_subdomain(readable):
            return readable
        identity = msgspec.json.encode((self.group, kind, self.name))
        return f"{_PREFIX}-{hashlib.sha256(identity).hexdigest()}"

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}/{self.name}" if self.group else f"{self.kind}/{self.name}"


@attrs.frozen(kw_only=True)
class Intent:
    """One freeze: of what, who asked for it, why in a sentence, since and until when."""

    target: TargetRef
    holder: str
    why: str
    renewed: dt.datetime
    until: dt.datetime

    def is_in_force(self, now: dt.datetime) -> bool:
        """Whether the replicas are to be left alone; at `until` they no longer are."""
        return self.renewed - now <= _EARLY and now < self.until

    def remaining(self, now: dt.datetime) -> float:
        """Seconds until it ends, as a reconcile looks again after; zero when it has."""
        return max((self.until - now).total_seconds(), 0.0)


class Malformed(RuntimeFailure):
    """A Lease that freezes nothing, because it does not say all that a freeze is."""


class Intents:
    """The freezes that a cache knows of; asking it costs no request.

    Whoever asks is called by them, too, with `.watches(INTENTS, targeting(…))`: that is also what
    holds its first reconcile back until the cache is complete.
    """

    def __init__(self, store: Store, *, log: Log) -> None:
        self._store = store
        self._log = log

    @classmethod
    def of(cls, runtime: Runtime) -> "Intents":
        """Read from the cache of a manager."""
        informer = runtime.informers.acquire(INTENTS)
        made = cls(informer.store, log=runtime.log)
        informer.add_handler(made._hear, name="intents")
        return made

    def frozen(self, target: TargetRef, now: dt.datetime) -> Intent | None:
        """The freeze that is in force for a target, if one is."""
        found = self._store.get(object_key(target.namespace, target.lease))
        return None if found is None else in_force(found, now)

    def _hear(self, changes: list[Change]) -> None:
        """Tell of records that people got wrong: they believe that something is frozen."""
        for snapshot in (change.new for change in changes if change.new is not None):
            try:
                read(snapshot)
            except Malformed as error:
                self._log.warning("intent_malformed", key=snapshot.key, problem=str(error))


class _Spec(msgspec.Struct, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    renew_time: MicroTime = MicroTime()


class _Meta(msgspec.Struct):
    annotations: dict[str, str] = {}


class _Lease(msgspec.Struct):
    metadata: _Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)


_LEASE: Final = codec.decoder(_Lease)


def until(renewed: dt.datetime, seconds: int) -> dt.datetime:
    """When a freeze ends that was renewed then and is for so long; a day later at the most."""
    return renewed + dt.timedelta(seconds=min(seconds, MOST_SECONDS))


def read(snapshot: Snapshot) -> Intent:
    """What a Lease says, whether or not that is in force.

    Raises:
        Malformed: If it does not say all of it; the message has what is wrong.
    """
    if snapshot.labels.get(LABEL) != "true":
        raise Malformed(f"it has no label {LABEL}=true")
    lease = _decoded(snapshot)
    target = _target(snapshot, lease.metadata.annotations.get(TARGET, ""))
    spec, why = lease.spec, lease.metadata.annotations.get(WHY, "")
    if target.lease != snapshot.meta.name:
        raise Malformed(f"the Lease of {target} is called {target.lease}")
    if not spec.holder_identity:
        raise Malformed("spec.holderIdentity does not say who asks for it")
    if spec.renew_time.is_zero or (spec.lease_duration_seconds or 0) <= 0:
        raise Malformed("spec.renewTime and spec.leaseDurationSeconds do not say until when")
    try:
        renewed = spec.renew_time.datetime
        end = until(renewed, spec.lease_duration_seconds or 0)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"spec.renewTime is of no year that clocks show: {error}") from error
    return Intent(
        target=target,
        holder=spec.holder_identity,
        why=why[:WHY_MOST],
        renewed=renewed,
        until=end,
    )


def in_force(snapshot: Snapshot, now: dt.datetime) -> Intent | None:
    """The freeze that a Lease is, unless it is over, has not begun, is malformed or is going."""
    if snapshot.is_deleting:
        return None
    try:
        intent = read(snapshot)
    except Malformed:
        return None
    return intent if intent.is_in_force(now) else None


def targeting(keys: Callable[[TargetRef], Iterable[str]]) -> Mapper:
    """Calls for what `keys` makes of the target of a changed freeze.

    So it does for one that is malformed, if only its target can be read: it may have been good.
    """

    def called_for(snapshot: Snapshot) -> Iterable[str]:
        try:
            target = _target(snapshot, snapshot.annotations.get(TARGET, ""))
        except Malformed:
            return ()
        return keys(target)

    return called_for


def _target(snapshot: Snapshot, said: str) -> TargetRef:
    try:
        return TargetRef.parse(snapshot.meta.namespace, said)
    except ValueError as error:
        raise Malformed(
            f"the annotation {TARGET}={said[:80]!r} names no target: write it like "
            "StatefulSet.apps/orders"
        ) from error


def _decoded(snapshot: Snapshot) -> _Lease:
    try:
        return _LEASE.decode(snapshot.raw)
    except UNREADABLE as error:
        raise Malformed(f"it is not as a Lease is: {error}") from error
