"""Who takes part, and how each is started.

`ours` is our runtime, `controller-runtime` a Go program that `gopeer` builds, `kopf` the framework
most Python operators are written with. All get the same flags; what a peer lacks it ignores. `hpa`
is a program of Kubernetes, which takes part where scalers do.
"""

import asyncio
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from hack.bench import gopeer
from hack.bench.process import PeerError, Process
from hack.cluster.cluster import Cluster
from hack.cluster.components import CONTROLLER_MANAGER
from hack.cluster.ports import free_port
from hack.cluster.progress import Progress

_OURS: Final = "hack.bench.ours"

OURS: Final = "ours"
CONTROLLER_RUNTIME: Final = "controller-runtime"
CONTROLLER_RUNTIME_APPLY: Final = "controller-runtime-apply"
"""The same Go program with server-side apply for its children, as ours does it."""
KOPF: Final = "kopf"
HPA: Final = "hpa"
"""The HorizontalPodAutoscaler of Kubernetes: kube-controller-manager with that controller alone."""
HPA_FLAGS: Final = (
    "--kube-api-qps=1000",
    "--kube-api-burst=2000",
    "--concurrent-horizontal-pod-autoscaler-syncs=50",
    "--controllers=horizontal-pod-autoscaler-controller",
)


@attrs.frozen(kw_only=True)
class Job:
    """What a peer is asked to do."""

    namespace: str
    expected: int
    lease: str
    stamp: str = ""
    record: bool = False

    def flags(self, *, log: Path) -> list[str]:
        """Return the flags all peers understand."""
        flags = [
            f"--namespace={self.namespace}",
            f"--expected={self.expected}",
            f"--lease={self.lease}",
            f"--stamp={self.stamp}",
            f"--metrics=127.0.0.1:{free_port()}",
            f"--health=127.0.0.1:{free_port()}",
            f"--log-file={log}",
        ]
        return [*flags, "--record"] if self.record else flags


@attrs.frozen(kw_only=True)
class Peer:
    """One contestant: its name and how it is run."""

    name: str
    command: Sequence[str]

    async def start(self, job: Job, *, kubeconfig: Path, log: Path) -> Process:
        """Start it on a job; the wall clock runs from here."""
        argv = [*self.command, *job.flags(log=log)]
        return await Process.start(argv, kubeconfig=kubeconfig, log=log)

    def shipped(self, family: str, *, lease: str, namespace: str, metrics: str) -> list[str]:
        """Return how ours is run by users, with the interpreter and the profiler it has anyway."""
        return [
            *self.command[:-1],
            "controller",
            "manager",
            f"--families={family}",
            f"--lease-name={lease}",
            f"--lease-namespace={namespace}",
            f"--probe-address=127.0.0.1:{free_port()}",
            f"--metrics-address={metrics}",
        ]


def available() -> list[str]:
    """Return the names of the peers this checkout can run."""
    names = [CONTROLLER_RUNTIME, CONTROLLER_RUNTIME_APPLY, HPA]
    if importlib.util.find_spec(_OURS) is not None:
        names.insert(0, OURS)
    if importlib.util.find_spec("kopf") is not None:
        names.append(KOPF)
    return names


def profiled(file: Path | None) -> list[str]:
    """Return what makes Python write a profile when it ends; each process replaces the last."""
    return [] if file is None else ["-m", "cProfile", "-o", str(file)]


async def prepare(name: str, *, profile: Path | None = None) -> Peer:
    """Return the peer ready to start, building what has to be built."""
    match name:
        case "ours":
            return Peer(name=name, command=[sys.executable, *profiled(profile), "-m", _OURS])
        case "kopf":
            return Peer(name=name, command=[sys.executable, "-m", "hack.bench.kopf_peer"])
        case "controller-runtime":
            return Peer(name=name, command=[str(await gopeer.build(Progress()))])
        case "controller-runtime-apply":
            return Peer(name=name, command=[str(await gopeer.build(Progress())), "--apply"])
        case "hpa":
            programs = await asyncio.to_thread(Cluster.provide_programs)
            return Peer(name=name, command=[programs[CONTROLLER_MANAGER]])
        case _:
            raise PeerError(f"no peer named {name!r}; there are {', '.join(available())}")
