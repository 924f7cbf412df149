"""What a node could leave behind on this machine, so that a test can tell that it left nothing."""

import re
import subprocess
from pathlib import Path
from typing import Self

import attrs

_FOLDERS = (
    "/etc/cni",
    "/opt/cni",
    "/opt/containerd",
    "/opt/nri",
    "/run/containerd",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
)
_GROUPS = Path("/sys/fs/cgroup")
_RULES = ("iptables-save", "-t", "nat"), ("iptables-save", "-t", "filter")


@attrs.frozen
class Snapshot:
    """Mounts, network, firewall rules, control groups, namespaces, folders and programs."""

    found: frozenset[str]

    @classmethod
    def take(cls) -> Self:
        """Look now."""
        return cls(
            frozenset(Path("/proc/self/mounts").read_text().splitlines())
            | {f"interface {each.name}" for each in Path("/sys/class/net").iterdir()}
            | {f"address {each}" for each in _addresses()}
            | {f"route {each}" for each in _said("ip", "route").splitlines()}
            | {f"{command[-1]} {each}" for command in _RULES for each in _rules(command)}
            | {str(each) for each in _GROUPS.glob("*/pentad*")}
            | {f"namespace {each}" for each in _named("/run/netns")}
            | {each for each in _FOLDERS if Path(each).exists()}
            | _programs()
        )

    def beyond(self, other: Self) -> frozenset[str]:
        """Return what is here and was not there."""
        return self.found - other.found


def _addresses() -> list[str]:
    """Return each interface with an address, without the state that the kernel changes."""
    return [" ".join(line.split()[1:4]) for line in _said("ip", "-o", "address").splitlines()]


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout


def _rules(command: tuple[str, ...]) -> list[str]:
    """Return the rules without the counters and times that change by themselves."""
    lines = _said(*command).splitlines()
    return [line.partition(" [")[0] for line in lines if not line.startswith("#")]


def _named(folder: str) -> list[str]:
    path = Path(folder)
    return [each.name for each in path.iterdir()] if path.is_dir() else []


def _programs() -> set[str]:
    """Return which of a node's programs run, by their names and numbers."""
    wanted = ("containerd", "kubelet", "kube-proxy", "coredns", "metrics-server", "runc", "pause")
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                number, name, rest = re.split(r" \(|\) ", (folder / "stat").read_text(), maxsplit=2)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if name.startswith(wanted) and rest[0] not in "ZX":
                found.add(f"{name} {number}")
    return found
