"""Free loopback ports for a new cluster, or for any program that is about to listen.

Taken from below the range the kernel hands to outgoing connections: those come and go between
choosing a port and listening on it. Ports promised to other clusters, running or not, are left
alone; the choice is made under one lock for all clusters.
"""

import contextlib
import random
import socket
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from hack.cluster.errors import ClusterError
from hack.cluster.layout import Layout, clusters_home
from hack.cluster.record import Ports, Record

_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST: Final = 20_000


def _is_free(port: int) -> bool:
    with contextlib.closing(socket.socket()) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def promised() -> Iterator[int]:
    """Return the ports of all clusters of this user; one with a damaged record has none."""
    for record in _records():
        yield from (getattr(record.ports, field) for field in record.ports.__struct_fields__)


def promised_networks() -> frozenset[int]:
    """Return the numbers of all networks of this user's clusters."""
    numbers = (record.network_number for record in _records())
    return frozenset(number for number in numbers if number is not None)


def _records() -> Iterator[Record]:
    for file in clusters_home().glob("*/cluster.json"):
        with contextlib.suppress(ClusterError):
            record = Record.read(Layout(file.parent))
            if record is not None:
                yield record


def choose(taken: Collection[int]) -> Ports:
    """Pick one free port for each component."""
    free = _free(taken)
    return Ports(**{field: next(free) for field in Ports.__struct_fields__})


def free_port() -> int:
    """Pick one free port for a program that is started at once, and is not a cluster's."""
    return next(_free(frozenset(promised())))


def _free(taken: Collection[int]) -> Iterator[int]:
    end = int(_EPHEMERAL.read_text().split()[0])
    candidates = random.sample(range(_FIRST, max(end, _FIRST + 1000)), 500)
    yield from (port for port in candidates if port not in taken and _is_free(port))
    raise ClusterError("no free ports on the loopback interface; end some programs")
