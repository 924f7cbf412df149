"""Whether a cache is what the server says, object by object, and what a process occupies.

Two objects are the same if uid, resource version and decoded JSON agree; managedFields are cut from
the cache, and a list's items do not say their kind and apiVersion.
"""

import gc
import hashlib
import os
from asyncio import all_tasks
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from informers.client import Client
from informers.meta.builtin import CONFIG_MAP
from informers.meta.codec import decode
from informers.request import ListOptions
from informers.snapshot import Snapshot
from tests.kit.widget.api import WIDGET, Widget

APART: Final = ("kind", "apiVersion")
LONG_SECONDS: Final = 600.0
"""From here on chance has no excuse for a kind of fault that never came."""


class Print(msgspec.Struct, frozen=True, array_like=True):
    """What makes two objects the same."""

    uid: str
    resource_version: str
    digest: str


Contents = Mapping[str, Mapping[str, Print]]


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """What this process holds at one moment."""

    tasks: int
    files: int
    rss_mb: float

    @classmethod
    def now(cls) -> "Footprint":
        """Measure, after the garbage is out."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return cls(
            tasks=len(all_tasks()),
            files=sum(1 for _ in Path("/proc/self/fd").iterdir()),
            rss_mb=round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1),
        )


class Said(msgspec.Struct, omit_defaults=True):
    """What a manager says of itself when asked."""

    footprint: Footprint | None = None
    contents: dict[str, dict[str, Print]] = {}
    lists: int = 0
    watches: int = 0


def fingerprint(snapshot: Snapshot) -> Print:
    """Tell an object's uid, resource version and content, short enough to be sent about."""
    tree: dict[str, Any] = msgspec.json.decode(snapshot.raw)
    told = {name: value for name, value in tree.items() if name not in APART}
    digest = hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()
    return Print(snapshot.meta.uid, snapshot.resource_version, digest)


async def differences(client: Client, contents: Contents, namespace: str) -> list[str]:
    """What differs between a cache and fresh lists; empty when nothing does."""
    found = []
    for kind in (CONFIG_MAP, WIDGET):
        page = await client.list(kind, ListOptions(namespace=namespace))
        listed = {item.key: fingerprint(item) for item in page.items}
        cached = contents[kind.kind]
        found += [f"{kind.kind} {key}: not in the cache" for key in listed.keys() - cached.keys()]
        found += [f"{kind.kind} {key}: only in the cache" for key in cached.keys() - listed.keys()]
        found += [
            f"{kind.kind} {key}: {cached[key]} in the cache, is {listed[key]}"
            for key in listed.keys() & cached.keys()
            if listed[key] != cached[key]
        ]
    return found


async def unfinished(client: Client, namespace: str) -> list[str]:
    """Widgets that are not what their specs say: status, and one ConfigMap per child."""
    which = ListOptions(namespace=namespace)
    owned: Counter[str] = Counter()
    for child in (await client.list(CONFIG_MAP, which)).items:
        owned.update(owner.uid for owner in child.meta.owner_references)
    found = []
    for snapshot in (await client.list(WIDGET, which)).items:
        widget = decode(snapshot.raw, Widget)
        if snapshot.is_deleting or widget.status.observed_generation != snapshot.meta.generation:
            found.append(f"Widget {snapshot.key}: not reconciled")
        elif owned[snapshot.meta.uid] != widget.spec.children:
            has = owned[snapshot.meta.uid]
            found.append(f"Widget {snapshot.key}: {has} children, not {widget.spec.children}")
    return found


def unproven(
    *, writes: Sequence[int], faults: Mapping[str, int], leaders_killed: int, seconds: float
) -> list[str]:
    """What did not happen, so that the run says nothing about it."""
    found = [f"writer {number} wrote nothing" for number, count in enumerate(writes) if not count]
    if not any(faults.values()):
        found.append("nothing was disturbed")
    if seconds >= LONG_SECONDS:
        found += [f"no fault of the kind {kind}" for kind, count in faults.items() if not count]
    if not leaders_killed:
        found.append("no leader was killed")
    return found
