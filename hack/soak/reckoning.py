"""Whether a cache is what the server says, object by object, and what it all cost.

Two objects are the same if uid, resource version and decoded JSON agree; managedFields are cut from
the cache, and a list's items do not say their kind and apiVersion.
"""

import gc
import os
from asyncio import all_tasks
from collections import Counter
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from informers.client import Client
from informers.meta.builtin import CONFIG_MAP
from informers.meta.codec import decode
from informers.request import ListOptions
from informers.shared import Informer
from tests.kit.widget.api import WIDGET, Widget

APART: Final = ("kind", "apiVersion")


@attrs.frozen(kw_only=True)
class Footprint:
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


async def differences(client: Client, informer: Informer, namespace: str) -> list[str]:
    """What differs between a cache and a fresh list; empty when nothing does."""
    kind = informer.source.kind
    page = await client.list(kind, ListOptions(namespace=namespace))
    listed = {item.key: item for item in page.items}
    cached = {item.key: item for item in informer.store}
    found = [f"{kind.kind} {key}: not in the cache" for key in listed.keys() - cached.keys()]
    found += [f"{kind.kind} {key}: only in the cache" for key in cached.keys() - listed.keys()]
    for key in listed.keys() & cached.keys():
        one, other = listed[key], cached[key]
        if one.meta.uid != other.meta.uid:
            found.append(f"{kind.kind} {key}: another uid")
        elif one.resource_version != other.resource_version:
            found.append(f"{kind.kind} {key}: {other.resource_version}, is {one.resource_version}")
        elif _tree(one.raw) != _tree(other.raw):
            found.append(f"{kind.kind} {key}: other content at the same version")
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


def _tree(raw: bytes) -> dict[str, Any]:
    tree: dict[str, Any] = msgspec.json.decode(raw)
    return {name: value for name, value in tree.items() if name not in APART}
