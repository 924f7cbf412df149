"""Asks others to leave a workload's replicas alone, by the Lease that `intent` describes.

It promises, whoever else writes that Lease at the same time:

- While a freeze is in force nobody else's takes its place: `HeldByAnother` says whose it is. One
  that is over, or that is malformed and so never was, is taken over.
- Renewing and releasing are the holder's. Each write names the state that it was made from; what
  somebody was faster with is read and judged anew, and after some rounds the conflict is raised.
- Released twice is released.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from controller.runtime.intent import (
    LABEL,
    MOST_SECONDS,
    TARGET,
    WHY,
    WHY_MOST,
    Intent,
    TargetRef,
    in_force,
    read,
)
from controller.runtime.reconcile import Postponed
from informers.client import Client
from informers.errors import AlreadyExists, Conflict, NotFound
from informers.meta.builtin import LEASE
from informers.meta.microtime import MicroTime
from informers.reply import Status
from informers.request import DeleteOptions
from informers.snapshot import Snapshot

T = TypeVar("T")
_ATTEMPTS: Final = 5
_SOON: Final = 30.0
_MANAGER: Final = "pentad-intent"


class HeldByAnother(Postponed):
    """Not now: another holder's freeze of the target is in force; `intent` is that freeze."""

    def __init__(self, intent: Intent, *, now: dt.datetime) -> None:
        why = f": {intent.why}" if intent.why else ""
        end = f"{intent.until:%Y-%m-%dT%H:%M:%SZ}"
        super().__init__(
            f"{intent.target} is frozen by {intent.holder} until {end}{why}",
            seconds=min(intent.remaining(now), _SOON),
        )
        self.intent = intent


class Freezer:
    """Freezes targets on behalf of one holder, such as `vertice-failover/orders`.

    The holder's name must be the same after a restart, and nobody else's.
    """

    def __init__(self, client: Client, holder: str) -> None:
        if not holder:
            raise ValueError("a freeze has a holder: say who asks for it")
        self.holder = holder
        self._client = client

    async def freeze(self, target: TargetRef, *, why: str, seconds: int) -> Intent:
        """Ask that a target is left alone for so long from now; again to renew it, or to shorten.

        Raises:
            HeldByAnother: If somebody else's freeze is in force.
            Postponed: If a Lease that is being deleted is in the way.
            Conflict: If others were faster again and again; `AlreadyExists` likewise.
            Malformed: If what the server made of it is no freeze, as by admission.
            ValueError: If it is for no time at all, or for more than `MOST_SECONDS`.
        """
        if not 0 < seconds <= MOST_SECONDS:
            raise ValueError(f"{seconds} s: freeze for 1 to {MOST_SECONDS} s, and renew it")
        return await _insisted(lambda: self._freeze(target, why, seconds))

    async def release(self, target: TargetRef) -> None:
        """End the holder's own freeze, if there is one; anybody else's stays.

        Raises:
            Conflict: If others were faster again and again.
        """
        await _insisted(lambda: self._release(target))

    async def _freeze(self, target: TargetRef, why: str, seconds: int) -> Intent:
        now = self._client.clock.wall()
        found = await self._find(target)
        if found is None:
            body = self._claim(target, {}, why, seconds, now)
            answer = await self._client.create(
                LEASE, body, namespace=target.namespace, manager=_MANAGER
            )
        else:
            self._check(target, found, now)
            # It names uid and version: a Lease that is gone would be made by an update, too.
            body = self._claim(target, msgspec.json.decode(found.raw), why, seconds, now)
            answer = await self._client.update(
                LEASE, target.lease, body, namespace=target.namespace, manager=_MANAGER
            )
        assert not isinstance(answer, Status), "a Lease is answered with itself"
        return read(answer)

    async def _release(self, target: TargetRef) -> None:
        found = await self._find(target)
        if found is None or not self._is_ours(found):
            return
        exactly = DeleteOptions(uid=found.meta.uid, resource_version=found.resource_version)
        try:
            await self._client.delete(LEASE, target.lease, exactly, namespace=target.namespace)
        except NotFound:
            return

    async def _find(self, target: TargetRef) -> Snapshot | None:
        try:
            return await self._client.get(LEASE, target.lease, namespace=target.namespace)
        except NotFound:
            return None

    def _is_ours(self, found: Snapshot) -> bool:
        """Whether we hold it, also where somebody has made it no freeze meanwhile."""
        spec = msgspec.json.decode(found.raw).get("spec") or {}
        return bool(spec.get("holderIdentity") == self.holder)

    def _check(self, target: TargetRef, found: Snapshot, now: dt.datetime) -> None:
        """Let nobody take what another holds, nor what is on its way out."""
        intent = in_force(found, now)
        if intent is not None and intent.holder != self.holder:
            raise HeldByAnother(intent, now=now)
        if found.is_deleting:
            raise Postponed(f"the last freeze of {target} has yet to go", seconds=_SOON)

    def _claim(
        self, target: TargetRef, found: dict[str, Any], why: str, seconds: int, now: dt.datetime
    ) -> dict[str, Any]:
        """The Lease as it is to be; what others put into its metadata stays."""
        meta, spec = found.get("metadata") or {}, found.get("spec") or {}
        since = spec.get("acquireTime") if spec.get("holderIdentity") == self.holder else None
        stamp = str(MicroTime.of(now))
        said = {TARGET: str(target), WHY: why[:WHY_MOST]}
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": meta
            | {
                "name": target.lease,
                "labels": (meta.get("labels") or {}) | {LABEL: "true"},
                "annotations": (meta.get("annotations") or {}) | said,
            },
            "spec": {
                "holderIdentity": self.holder,
                "leaseDurationSeconds": seconds,
                "acquireTime": since or stamp,
                "renewTime": stamp,
            },
        }


async def _insisted(step: Callable[[], Awaitable[T]]) -> T:
    """Take a step that reads first, until nobody was faster."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await step()
        except (AlreadyExists, Conflict):
            continue
    return await step()
