"""The two programs that scale, and how often each of them looks at a target.

Ours is `python -m controller manager --families=vertice`, exactly as users run it. Theirs is
kube-controller-manager with the one controller that scales, so that what the process costs is what
that controller costs; the one of the cluster goes without. Neither knows of the harness. A look of
theirs is a request for a scale, which the audit log has; ours makes none and counts itself.
"""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, Self

import aiohttp
import attrs

from hack.bench.audited import AuditLog
from hack.bench.peers import HPA_FLAGS, OURS, Peer
from hack.bench.process import Process
from hack.cluster.ports import free_port

PERIOD: Final = 15.0
CONTROLLER: Final = "horizontal-pod-autoscaler-controller"
_ROOT: Final = Path(__file__).parent.parent.parent
_USER: Final = "kubernetes-admin"
_OURS, _THEIRS = "pentad", "kube-controller-manager"
_SCRAPE: Final = aiohttp.ClientTimeout(total=30)
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
    if peer.name == OURS:
        address = f"127.0.0.1:{free_port()}"
        # The same interpreter and, if asked for, the same profiler as in the other scenarios.
        command = [*peer.command[:-1], "controller", "manager", *_our_flags(lease, namespace)]
        process = await _started(
            [*command, f"--metrics-address={address}"], kubeconfig, logs, lease
        )
        return Scaling(process=process, agent=_OURS, user=_USER, looks=_scraped(address))
    log = AuditLog(audit_log)
    flags = [*HPA_FLAGS, *_their_flags(lease, namespace, kubeconfig, logs)]
    process = await _started([*peer.command, *flags], kubeconfig, logs, lease)

    async def asked() -> Counter[str]:
        return await asyncio.to_thread(log.scales_read, agent=_THEIRS, user=_USER)

    return Scaling(process=process, agent=_THEIRS, user=_USER, looks=asked)


def _our_flags(lease: str, namespace: str) -> list[str]:
    return [
        "--families=vertice",
        f"--lease-name={lease}",
        f"--lease-namespace={namespace}",
        f"--probe-address=127.0.0.1:{free_port()}",
    ]


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


async def _started(command: list[str], kubeconfig: Path, logs: Path, lease: str) -> Process:
    env = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(_ROOT)}
    return await Process.start(command, env=env, log=logs / f"{lease}.log")


def _scraped(address: str) -> Callable[[], Awaitable[Counter[str]]]:
    async def scrape() -> Counter[str]:
        try:
            async with (
                aiohttp.ClientSession(timeout=_SCRAPE) as session,
                session.get(f"http://{address}/metrics") as answer,
            ):
                return looks_told(await answer.text())
        except aiohttp.ClientError:
            return Counter()  # it is not up yet

    async def looks() -> Counter[str]:
        for _ in range(_TRIES):
            if found := await scrape():
                return found
        return Counter()

    return looks
