"""The apply set: the children an owner should have, made so.

`ApplySet.apply` takes the desired children whole. Each is server-side applied under the
controller's manager with a controller reference to its owner; owned children that are no longer
desired are deleted. It promises:

- A child that is as it was applied costs no request. What "as it was" means is decided by the
  fields that we own (`informers.drift`), so defaults and other people's fields never count,
  and drift of ours always does. After a restart a child that is as it would be applied costs none
  either (`informers.drift.is_as_wanted`); any other is applied once.
- Where somebody undoes what was applied again and again, it is put right at growing intervals, and
  a Warning Event `FightOver` tells the owner's users (`fights`).
- Nothing that belongs to another controller is touched, nor what is nobody's and was never applied
  from here, unless its annotation gives it away: that is a `Taken` error, which tells whose it is.
  Two controllers may give the same owner children; neither prunes what the other applied. What a
  deleted owner of the same name has left is waited for: the garbage collector removes it.
- Children that are only said how to render are not rendered while they follow from the same and
  none of them has changed (`rendering`).
- Deletion names the uid it saw, so it never hits a successor of the same name.
"""

import asyncio
import functools
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal

import attrs
import msgspec

from controller.runtime.events.recorder import Recorder
from controller.runtime.fights import Fights
from controller.runtime.ownership import Doubled, LeftOver, Misplaced, Owner, held_by_another
from controller.runtime.reconcile import Postponed
from controller.runtime.rendering import Place, Rendering, Renderings
from informers import request as requests
from informers.client import Client
from informers.drift import has_drifted, is_as_wanted, was_applied_by
from informers.errors import Conflict, InformersError, NotFound
from informers.index import by_owner
from informers.meta.kinds import Kind
from informers.reply import Status
from informers.request import DeleteOptions, object_key
from informers.shared import Informer
from informers.snapshot import Snapshot
from informers.store import Change

OWNER_INDEX: Final = "owner"
AT_ONCE: Final = 4
"""Children of one owner under way at a time: enough to share the server's commits to disk."""


@attrs.frozen(kw_only=True)
class Applied:
    """What making the children so took."""

    children: tuple[Snapshot, ...] = ()
    applied: tuple[str, ...] = ()
    unchanged: int = 0
    pruned: tuple[str, ...] = ()


@attrs.define
class _Memory:
    """What was applied last, and the child as it was then; unknown if somebody was faster."""

    desired: bytes
    child: Snapshot | None

    def still_holds(self, held: Snapshot) -> bool:
        """Whether no field of ours has changed since; a later look starts from here."""
        if self.child is None or (held is not self.child and has_drifted(self.child, held)):
            return False
        self.child = held
        return True


@attrs.define
class _Step:
    """One child on its way to what is desired."""

    place: Place
    raw: bytes
    desired: bytes
    child: Snapshot | None = None
    error: Exception | None = None
    was_sent: bool = False

    @property
    def is_due(self) -> bool:
        """Whether a request is wanted."""
        return self.child is None and self.error is None

    @property
    def title(self) -> str:
        """What people call it."""
        kind, key = self.place
        return f"{kind.kind} {key}"


class ApplySet:
    """Keeps the children of one controller's objects."""

    def __init__(
        self,
        client: Client,
        informers: Mapping[Kind, Informer],
        *,
        manager: str,
        recorder: Recorder | None = None,
    ) -> None:
        self.manager = manager
        self.fights = Fights(client.clock)
        self._client = client
        self._recorder = recorder
        self._informers = dict(informers)
        # Of children that the caches show, whose end is told: neither outgrows what there is.
        self._memory: dict[Place, _Memory] = {}
        self._foreign: dict[Place, str] = {}
        self._renderings = Renderings()
        self.applied = 0
        self.unchanged = 0
        self.pruned = 0
        for kind, informer in self._informers.items():
            if not informer.store.has_index(OWNER_INDEX):
                informer.store.add_index(OWNER_INDEX, by_owner)
            informer.add_handler(functools.partial(self._forget, kind), name=f"{manager} children")

    @property
    def remembered(self) -> int:
        """How many children it remembers something of."""
        return len(self._memory) + len(self._foreign) + len(self._renderings)

    async def apply(
        self,
        owner: Owner,
        desired: Sequence[Mapping[str, Any]] | Rendering,
        *,
        prune: bool = True,
    ) -> Applied:
        """Make the owner's children exactly these.

        Several go out at a time, and one that fails keeps no other from being made so: what has to
        be there first goes into an earlier call (with `prune=False`).

        Raises:
            Taken: If a child's name belongs to another controller's object.
            Misplaced: If a child is where this owner cannot own it; then nothing is done.
            Doubled: If two of the children are one object; then nothing is done.
            Postponed: If a child is fought over, or left over from a deleted owner, and has to
                wait; all others are as desired.
            InformersError: If a request failed; the first one's error, if several did.
        """
        if isinstance(desired, Rendering):
            return await self._apply_rendering(owner, desired, prune=prune)
        return await self._apply(owner, self._steps(owner, desired), prune=prune)

    async def _apply_rendering(self, owner: Owner, wish: Rendering, *, prune: bool) -> Applied:
        uid = owner.snapshot.meta.uid
        known = self._renderings.of(uid, wish)
        children = None if known is None else self._as_before(uid, known.digests)
        if known is not None and children is not None:
            self.unchanged += len(children)
            pruned = await self._prune(owner, known.digests.keys()) if prune else ()
            return Applied(children=children, unchanged=len(children), pruned=pruned)
        steps = self._steps(owner, wish.render())
        applied = await self._apply(owner, steps, prune=prune)
        digests = {step.place: step.desired for step in steps if step.place in self._memory}
        self._renderings.keep(uid, wish, digests if len(digests) == len(steps) else {})
        return applied

    def _as_before(self, owner: str, digests: Mapping[Place, bytes]) -> tuple[Snapshot, ...] | None:
        """All children, if each is as it was applied and its owner's."""
        children: list[Snapshot] = []
        for place, desired in digests.items():
            kind, key = place
            held, memory = self._informers[kind].store.get(key), self._memory.get(place)
            if held is None or memory is None or memory.desired != desired:
                return None
            holder = held.controller
            if holder is None or holder.uid != owner or not memory.still_holds(held):
                return None
            children.append(held)
        return tuple(children)

    def _steps(self, owner: Owner, desired: Sequence[Mapping[str, Any]]) -> list[_Step]:
        bodies = self._placed(owner, desired)
        return [self._look(owner, place, body) for place, body in bodies.items()]

    async def _apply(self, owner: Owner, steps: Sequence[_Step], *, prune: bool) -> Applied:
        await self._send_all(owner, [step for step in steps if step.is_due])
        for step in steps:
            if step.error is not None and not isinstance(step.error, Postponed):
                raise step.error
        pruned = await self._prune(owner, {step.place for step in steps}) if prune else ()
        postponed = [step.error for step in steps if isinstance(step.error, Postponed)]
        if postponed:
            raise min(postponed, key=lambda pause: pause.seconds)
        return Applied(
            children=tuple(step.child for step in steps if step.child is not None),
            applied=tuple(step.title for step in steps if step.was_sent),
            unchanged=sum(not step.was_sent for step in steps),
            pruned=pruned,
        )

    def _look(self, owner: Owner, place: Place, body: Mapping[str, Any]) -> _Step:
        """What one child takes: nothing if it is as it was applied."""
        kind, key = place
        # In order: what comes from a rendering and what comes back from the server are one wish.
        raw = msgspec.json.encode(owner.mark(body), order="deterministic")
        step = _Step(place, raw, hashlib.blake2b(raw, digest_size=12).digest())
        held = self._informers[kind].store.get(key)
        if held is not None:
            step.error = held_by_another(owner, kind, held)
            if isinstance(step.error, LeftOver):
                self._tell(owner, "ChildLeftOver", str(step.error), type_="Normal")
            memory = self._recalled(step, held)
            if memory is not None and memory.desired == step.desired and step.error is None:
                if memory.still_holds(held):
                    self.unchanged += 1
                    step.child = held
                    return step
                self.fights.undone(place, step.desired)
        step.error = step.error or self._not_yet(step)
        return step

    def _recalled(self, step: _Step, held: Snapshot) -> _Memory | None:
        """What is remembered of a child, or known from now on, since it is as it would be applied.

        That is so after a restart, and where somebody was faster than our own reply.
        """
        memory = self._memory.get(step.place)
        is_open = memory is None or (memory.child is None and memory.desired == step.desired)
        if not is_open or step.error is not None:
            return memory
        if is_as_wanted(step.raw, held, manager=self.manager):
            memory = self._memory[step.place] = _Memory(step.desired, held)
        return memory

    async def _send_all(self, owner: Owner, due: Sequence[_Step]) -> None:
        """Send what is due, a few at a time; the outcome of each is kept with it."""
        if len(due) == 1:
            await self._try(owner, due[0])
            return
        left = iter(due)

        async def work() -> None:
            for step in left:
                await self._try(owner, step)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(due))):
                group.create_task(work())

    async def _try(self, owner: Owner, step: _Step) -> None:
        try:
            step.child = await self._send(owner, step)
            step.was_sent = True
        except InformersError as error:
            step.error = error

    async def _send(self, owner: Owner, step: _Step) -> Snapshot:
        """Apply one child and remember what it came to."""
        kind, key = step.place
        namespace, _, name = key.rpartition("/")
        answer = await self._client.apply(
            kind, name, step.raw, namespace=namespace, manager=self.manager
        )
        assert not isinstance(answer, Status), "apply answers with the object"
        self.applied += 1
        shown = self._informers[kind].store.get(key)
        if shown is not None:
            is_ours = shown.resource_version == answer.resource_version
            # Somebody was faster: without our own reply to compare with, the next look applies.
            self._memory[step.place] = _Memory(step.desired, shown if is_ours else None)
        if self.fights.repaired(step.place, step.desired):
            self._tell_fight(owner, step.place)
        return answer

    def _not_yet(self, step: _Step) -> Postponed | None:
        """Whether somebody fights us for the child, so that it has to wait."""
        seconds = self.fights.wait(step.place, step.desired)
        if seconds <= 0:
            return None
        message = f"{step.title} is fought over; it is put right again in {seconds:.1f} s"
        return Postponed(message, seconds=seconds)

    def _tell_fight(self, owner: Owner, place: Place) -> None:
        kind, key = place
        message = (
            f"somebody keeps undoing what {self.manager} applies to {kind.kind} {key}; it is put "
            f"right at growing intervals. `kubectl get {kind.plural} -o yaml "
            "--show-managed-fields` tells who: let only one of the two manage these fields"
        )
        self._tell(owner, "FightOver", message, type_="Warning")

    def _tell(
        self, owner: Owner, reason: str, message: str, *, type_: Literal["Normal", "Warning"]
    ) -> None:
        if self._recorder is not None:
            self._recorder.tell(owner.kind, owner.snapshot, reason, message, type_=type_)

    async def _prune(self, owner: Owner, wanted: Collection[Place]) -> tuple[str, ...]:
        """Delete what we applied for this owner and is no longer desired."""
        pruned: list[str] = []
        for kind, informer in self._informers.items():
            for child in informer.store.by_index(OWNER_INDEX, owner.snapshot.meta.uid):
                if (kind, child.key) in wanted or child.is_deleting or not child.claims:
                    continue
                if await self._is_ours(owner, kind, child):
                    await self._delete(kind, child)
                    pruned.append(f"{kind.kind} {child.key}")
        return tuple(pruned)

    async def _is_ours(self, owner: Owner, kind: Kind, child: Snapshot) -> bool:
        """Whether this set applied it; after a restart the server is asked, once for each."""
        place, meta, holder = (kind, child.key), child.meta, child.controller
        if holder is not None and holder.uid != owner.snapshot.meta.uid:
            return False
        if place in self._memory:
            return True
        if self._foreign.get(place) == meta.uid:
            return False
        try:
            found = await self._client.send(requests.get(kind, meta.name, namespace=meta.namespace))
        except NotFound:
            return False
        if was_applied_by(self.manager, found.body):
            return True
        if self._informers[kind].store.get(child.key) is not None:
            self._foreign[place] = meta.uid
        return False

    async def _delete(self, kind: Kind, child: Snapshot) -> None:
        meta = child.meta
        self._memory.pop((kind, child.key), None)
        try:
            await self._client.delete(
                kind, meta.name, DeleteOptions(uid=meta.uid), namespace=meta.namespace
            )
        except (NotFound, Conflict):
            return  # gone, or replaced by a successor that the next look will judge
        self.pruned += 1

    def _forget(self, kind: Kind, changes: list[Change]) -> None:
        """Remember nothing of children that are gone, but that somebody deleted them."""
        for change in changes:
            if change.new is None:
                self._foreign.pop((kind, change.key), None)
                self._renderings.forget((kind, change.key))
                memory = self._memory.pop((kind, change.key), None)
                if memory is not None:
                    self.fights.undone((kind, change.key), memory.desired)

    def _placed(
        self, owner: Owner, desired: Sequence[Mapping[str, Any]]
    ) -> dict[Place, Mapping[str, Any]]:
        """Each child by its place, of which no two have the same."""
        bodies: dict[Place, Mapping[str, Any]] = {}
        for body in desired:
            place = kind, key = self._place(owner, body)
            if place in bodies:
                raise Doubled(f"{kind.kind} {key}", f"{owner.kind.kind} {owner.snapshot.key}")
            bodies[place] = body
        return bodies

    def _place(self, owner: Owner, body: Mapping[str, Any]) -> Place:
        """Where a child is; in its owner's namespace unless it says otherwise."""
        kind, meta, home = self._kind_of(body), body["metadata"], owner.snapshot.meta.namespace
        namespace = meta.get("namespace", home) if kind.namespaced else ""
        key = object_key(namespace, meta["name"])
        if (home and namespace != home) or (kind.namespaced and not namespace):
            raise Misplaced(f"{kind.kind} {key}", f"{owner.kind.kind} {owner.snapshot.key}")
        return kind, key

    def _kind_of(self, body: Mapping[str, Any]) -> Kind:
        for kind in self._informers:
            if kind.kind == body["kind"] and kind.api_version == body["apiVersion"]:
                return kind
        raise LookupError(
            f"{body['apiVersion']} {body['kind']} is not owned by this controller: "
            "declare it with owns() so that drift is seen"
        )
