"""Nodes that exist as objects only.

kwok plays them by the stages in `stages/`: it renews their leases and moves their pods through
their lives. They are created here, whole and Ready, many at a time, because kwok's own way of
making them is slow.
"""

from typing import Any, Final

from hack.cluster.api import Api
from hack.cluster.components import Component, node_name
from informers.clock import LoopClock

_CAPACITY: Final = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "1000"}
_CONDITIONS: Final = {
    "Ready": ("True", "KubeletReady"),
    "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID"),
}


def node(index: int, *, version: str, now: str) -> dict[str, Any]:
    """Return a node as its kubelet would have registered it."""
    name = node_name(index)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/os": "linux",
                "kubernetes.io/hostname": name,
                "type": "kwok",
            },
        },
        "status": {
            "phase": "Running",
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "addresses": [
                {"type": "InternalIP", "address": f"198.18.{index // 250}.{index % 250 + 1}"},
                {"type": "Hostname", "address": name},
            ],
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": "played by kwok",
                    "lastHeartbeatTime": now,
                    "lastTransitionTime": now,
                }
                for kind, (status, reason) in _CONDITIONS.items()
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "kubeletVersion": version,
                "kubeProxyVersion": version,
                "containerRuntimeVersion": "kwok",
                "kernelVersion": "kwok",
                "osImage": "kwok",
                "machineID": name,
                "systemUUID": name,
                "bootID": name,
            },
        },
    }


async def ensure(server: Component, *, api: Api, count: int, version: str) -> None:
    """Create those of the first COUNT nodes that are not there."""
    url = f"{server.url}/api/v1/nodes"
    there = await api.names(url, server.credentials)
    now = LoopClock().wall().strftime("%Y-%m-%dT%H:%M:%SZ")
    missing = [index for index in range(count) if node_name(index) not in there]
    await api.create(
        url, server.credentials, [node(index, version=version, now=now) for index in missing]
    )
