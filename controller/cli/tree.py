"""What an object owns, and what that owns: a pure function of everything that was listed.

Ownership is by owner references, whether or not the owner controls. A child that names several
owners of one tree stands below each; a circle, which users can make, is cut where it closes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from controller.cli import others
from controller.cli.readiness import readiness
from controller.cli.reading import number
from controller.cli.seen import Readiness
from controller.cli.thing import Thing
from informers.meta.kinds import Kind
from informers.snapshot import Snapshot

DEEPEST: Final = 32
"""Levels; each can cost a line for every object, so a net of owners ends somewhere."""
_ORDER: Final = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "CronJob",
    "Job",
    "Pod",
    "PersistentVolumeClaim",
    "Service",
)


@attrs.frozen(kw_only=True)
class Node:
    """An object, how it is doing, and what it owns."""

    thing: Thing
    seen: Readiness
    children: Sequence["Node"] = ()

    def walk(self) -> Iterator["Node"]:
        """Return this and everything below, owners first."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def is_retired(self) -> bool:
        """Whether it is the ReplicaSet of an older revision: kept to go back to, without pods."""
        if self.thing.kind.kind != "ReplicaSet" or self.children:
            return False
        return number(self.thing.body, "spec", "replicas", default=1) == 0


Listed = Mapping[Kind, Sequence[Snapshot]]


def grow(root: Thing, listed: Listed) -> Node:
    """Return the tree below an object; only what is in it is decoded."""
    children: dict[str, list[tuple[Kind, Snapshot]]] = defaultdict(list)
    for kind, snapshots in listed.items():
        for snapshot in snapshots:
            for uid in {owner.uid for owner in snapshot.meta.owner_references}:
                children[uid].append((kind, snapshot))
    has_slices = any(kind.kind == "EndpointSlice" for kind in listed)
    decoded: dict[str, Thing] = {}

    def below(uid: str) -> Iterator[Thing]:
        for kind, snapshot in children.get(uid, ()):
            child = snapshot.meta.uid
            if child not in decoded:
                decoded[child] = Thing.of(kind, snapshot)
            yield decoded[child]

    return _node(root, below, frozenset(), has_slices=has_slices)


def _node(
    thing: Thing,
    below: Callable[[str], Iterator[Thing]],
    above: frozenset[str],
    *,
    has_slices: bool,
) -> Node:
    within = above | {thing.uid}
    found = [each for each in below(thing.uid) if each.uid not in within]
    deeper = found if len(within) < DEEPEST else []
    children = [_node(each, below, within, has_slices=has_slices) for each in deeper]
    return Node(
        thing=thing,
        seen=_seen(thing, found, has_slices=has_slices),
        children=sorted(children, key=_place),
    )


def _seen(thing: Thing, children: Sequence[Thing], *, has_slices: bool) -> Readiness:
    is_service = (thing.kind.group, thing.kind.kind) == ("", "Service")
    if is_service and has_slices and thing.deleting_since is None:
        return others.service(thing, [each for each in children if _is_slice(each)])
    return readiness(thing)


def _is_slice(thing: Thing) -> bool:
    return (thing.kind.group, thing.kind.kind) == ("discovery.k8s.io", "EndpointSlice")


def _place(node: Node) -> tuple[int, str, str, str]:
    """Where it stands among its siblings: what runs first, then what it is made of, by name."""
    kind = node.thing.kind.kind
    rank = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    return rank, kind if rank == len(_ORDER) else "", node.thing.namespace, node.thing.name
