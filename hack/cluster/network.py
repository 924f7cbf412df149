"""The addresses of a cluster that has a node, and the bridge that joins the two.

A /24 of 198.18.0.0/15, the range reserved for benchmarks, is one cluster's: the API server listens
on the bridge at .1, the node has .2, and its pods the upper half. The bridge belongs to this
machine, so the API server keeps its address when the node dies. The node has no default route: what
runs on it reaches this machine's end of the bridge and nothing beyond.
"""

import ipaddress
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Final, Self

import attrs

from hack.cluster.errors import ClusterError

SERVICE_RANGE: Final = ipaddress.ip_network("10.96.0.0/16")
NODE: Final = "node-0"
_INTERFACES: Final = Path("/sys/class/net")
_RANGE: Final = ipaddress.ip_network("198.18.128.0/17")
_NUMBERS: Final = 128
_PREFIX: Final = "pentad"
_PATIENCE: Final = 10.0


@attrs.frozen
class Network:
    """The network of one cluster, told apart by its number on this machine."""

    number: int

    @property
    def name(self) -> str:
        """Name what this machine has of it: the bridge and the control group."""
        return f"{_PREFIX}{self.number}"

    @property
    def _range(self) -> ipaddress.IPv4Network:
        base = ipaddress.IPv4Address(int(_RANGE.network_address) + 256 * self.number)
        return ipaddress.IPv4Network(f"{base}/24")

    @property
    def _link(self) -> ipaddress.IPv4Network:
        return next(self._range.subnets())

    @property
    def server(self) -> ipaddress.IPv4Address:
        """The address of the API server."""
        return self._link[1]

    @property
    def node(self) -> ipaddress.IPv4Address:
        """The address of the node."""
        return self._link[2]

    @property
    def pods(self) -> ipaddress.IPv4Network:
        """The addresses of its pods, the first of them their gateway's."""
        return ipaddress.IPv4Network(f"{self._range[128]}/25")

    @property
    def _port(self) -> str:
        """Name this machine's end of the node's cable."""
        return f"{self.name}n"

    def lay(self, owner: Path) -> None:
        """Make the bridge, marked as its cluster's; one that is there stays."""
        if not (_INTERFACES / self.name).exists():
            _ip("link", "add", self.name, "type", "bridge")
        _ip("link", "set", self.name, "alias", str(owner), "up")
        _ip("address", "replace", f"{self.server}/{self._link.prefixlen}", "dev", self.name)
        _ip("route", "replace", str(self.pods), "via", str(self.node), "dev", self.name)

    def plug(self, machine: int) -> None:
        """Connect the namespaces of a process with the bridge, unless they are."""
        inside = ("nsenter", f"--target={machine}", "--net")
        if not (_INTERFACES / self._port).exists():
            peer = ("peer", "name", "eth0", "netns", str(machine))
            _ip("link", "add", self._port, "type", "veth", *peer)
        _ip("link", "set", self._port, "master", self.name, "up")
        address = f"{self.node}/{self._link.prefixlen}"
        _ip("address", "replace", address, "dev", "eth0", within=inside)
        _ip("link", "set", "eth0", "up", within=inside)
        _ip("route", "replace", str(SERVICE_RANGE), "via", str(self.server), within=inside)

    def unplug(self) -> None:
        """Remove the cable to a machine that is gone; the kernel does so in its own time.

        That may be just now, between the look and the removal.
        """
        try:
            if (_INTERFACES / self._port).exists():
                _ip("link", "delete", self._port)
        except ClusterError:
            if (_INTERFACES / self._port).exists():
                raise

    @classmethod
    def choose(cls, taken: Collection[int]) -> Self:
        """Return a free one; the caller sees to it that nobody else chooses."""
        for number in range(_NUMBERS):
            found = cls(number)
            if number not in taken and not (_INTERFACES / found.name).exists():
                return found
        raise ClusterError(f"all {_NUMBERS} networks are taken; take some clusters down")

    @classmethod
    def owned_by(cls, owner: Path) -> tuple[Self, ...]:
        """Find the networks of a cluster by the mark on the bridge, whatever its record says."""
        marks = (
            (folder.name, folder / "ifalias")
            for folder in _INTERFACES.iterdir()
            if folder.name.removeprefix(_PREFIX).isdecimal()
        )
        return tuple(
            cls(int(name.removeprefix(_PREFIX)))
            for name, mark in marks
            if mark.read_text().strip() == str(owner)
        )

    def remove(self) -> None:
        """Remove the bridge, and with it its address and route."""
        self.unplug()
        _ip("link", "delete", self.name)


def _ip(*arguments: str, within: tuple[str, ...] = ()) -> None:
    done = subprocess.run(
        (*within, "ip", *arguments), capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    if done.returncode:
        raise ClusterError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
