"""The two programs that scale, and how often each of them looks at a target.

Ours is `python -m controller manager --families=vertice`, exactly as users run it. Theirs is
kube-controller-manager with the one controller that scales, so that what the process costs is what
that controller costs; the one of the cluster goes without. Neither knows of the harness. A look of
theirs is a request for a scale, which the audit log has; ours makes none and counts itself.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Self

import attrs

from hack.bench.audited import AuditLog
from hack.bench.peers import HPA_FLAGS, OURS, Peer
from hack.bench.process import Process
from hack.bench.scrape import scrape
from hack.cluster.ports import free_port

PERIOD: Final = 15.0
CONTROLLER: Final = "horizontal-pod-autoscaler-controller"
_USER: Final = "kubernetes-admin"
_OURS, _THEIRS = "pentad", "kube-controller-manager"
_LOOKS: Final = re.compile(
    r'^vertice_scaler_looks_total\{.*?name="([\w-]+)".*\} (\S+)$', re.MULTILINE
)

_AGE: Final = re.compile(r"^pentad_metrics_age_seconds (\S+)$", re.MULTILINE)
_FRESH: Final = 0.5
"""Seconds; a program that is too busy to answer tells its last figures again."""
_TRIES: Final = 5


def looks_told(metrics: str) -> Counter[str]:
    """Read a scrape of ours: how often each scaler was looked at; nothing, if it is an old one."""
    age = _AGE.search(metrics)
    if age is None or float(age[1]) > _FRESH:
        return Counter()
    return Counter({name: int(float(value)) for name, value in _LOOKS.findall(metrics)})


def missed(before: Mapping[str, int], after: Mapping[str, int], *, due: Mapping[str, int]) -> int:
    """Return how many looks there were too few, all in all."""
    return sum(
        max(0, count - (after.get(name, 0) - before.get(name, 0))) for name, count in due.items()
    )


@attrs.frozen(kw_only=True)
class Scaling:
    """One of the two at work."""

    process: Process
    agent: str
    user: str
    looks: Callable[[], Awaitable[Counter[str]]]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.process.stop()


async def start(
    peer: Peer, namespace: str, *, lease: str, kubeconfig: Path, logs: Path, audit_log: Path
) -> Scaling:
    """Start the program of a peer; what is looked at is in one namespace."""
    log = logs / f"{lease}.log"
    if peer.name == OURS:
        address = f"127.0.0.1:{free_port()}"
        command = peer.shipped("vertice", lease=lease, namespace=namespace, metrics=address)
        process = await Process.start(command, kubeconfig=kubeconfig, log=log)
        return Scaling(process=process, agent=_OURS, user=_USER, looks=_scraped(address))
    asking = AuditLog(audit_log)
    command = [*peer.command, *HPA_FLAGS, *_their_flags(lease, namespace, kubeconfig, logs)]
    process = await Process.start(command, kubeconfig=kubeconfig, log=log)

    async def asked() -> Counter[str]:
        return await asyncio.to_thread(asking.scales_read, agent=_THEIRS, user=_USER)

    return Scaling(process=process, agent=_THEIRS, user=_USER, looks=asked)


def _their_flags(lease: str, namespace: str, kubeconfig: Path, logs: Path) -> list[str]:
    """Return what it needs to run beside another one; it elects itself, as ours does."""
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--cert-dir={logs / 'certificates'}",
        "--bind-address=127.0.0.1",
        f"--secure-port={free_port()}",
        f"--leader-elect-resource-name={lease}",
        f"--leader-elect-resource-namespace={namespace}",
    ]


def _scraped(address: str) -> Callable[[], Awaitable[Counter[str]]]:
    async def looks() -> Counter[str]:
        for _ in range(_TRIES):
            if found := looks_told(await scrape(address)):
                return found
        return Counter()

    return looks
