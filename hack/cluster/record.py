"""What is known of a cluster between two commands, kept as one JSON file.

Written whole and renamed into place, so a reader never sees half of it. Whoever changes it holds
the cluster's lock.
"""

from pathlib import Path
from typing import Self

import msgspec

from hack.cluster.errors import ClusterError
from hack.cluster.layout import Layout
from hack.cluster.network import Network
from hack.cluster.process import Incarnation


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """One loopback port for each listening component."""

    etcd: int
    apiserver: int
    controller_manager: int
    scheduler: int
    kwok: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster: what it was made with, and which processes it consists of.

    One with an owner is of no use after that process has ended, however it did. `without` are
    controllers of kube-controller-manager that do not run: somebody else's program stands for them.
    """

    kubernetes: str
    binaries: dict[str, str]
    ports: Ports
    fake_nodes: int = 0
    without: tuple[str, ...] = ()
    network_number: int | None = None
    owner: Incarnation | None = None
    processes: dict[str, Incarnation] = {}

    @classmethod
    def read(cls, layout: Layout) -> Self | None:
        """Return the record, or None when there is no such cluster."""
        try:
            content = layout.record.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(content, type=cls)
        except msgspec.MsgspecError as error:
            raise ClusterError(
                f"{layout.record} is not readable ({error}); "
                f"remove the cluster with: python -m hack.cluster down --name {layout.root.name}"
            ) from error

    @property
    def network(self) -> Network | None:
        """The network of its node, or None when it has none."""
        return None if self.network_number is None else Network(self.network_number)

    @property
    def is_orphan(self) -> bool:
        """Whether it was made for a process that has ended."""
        return self.owner is not None and not self.owner.is_alive()

    @property
    def has_programs(self) -> bool:
        """Whether the programs it was made with are still there."""
        return all(Path(each).is_file() for each in self.binaries.values())

    def write(self, layout: Layout) -> None:
        """Replace what was known."""
        fresh = layout.record.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2))
        fresh.replace(layout.record)
