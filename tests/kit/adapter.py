"""A real custom metrics API, of values that a test makes up.

The program is `hack/cluster/go/adapter`, made with the library that adapters are made with; it runs
as a process on loopback, is registered with the run's API server, and ends with the test. What is
measured is in a file that it reads for every request, so what a test says holds for the next one.
"""

import contextlib
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from hack.cluster.cluster import Cluster
from hack.cluster.ports import free_port
from tests.kit.aggregated import LOOPBACK, registered
from tests.kit.certificates import Authority
from tests.kit.cluster import ClusterAccess
from tests.kit.eventually import eventually_blocking
from tests.kit.rest import Rest

GROUP: Final = "custom.metrics.k8s.io"
VERSIONS: Final = ("v1beta2", "v1beta1")
_NAME: Final = "adapter"
_START_SECONDS: Final = 30.0
_END_SECONDS: Final = 15.0
_STAMPED: Final = {"timestamp": "2026-01-01T00:00:00Z", "windowSeconds": 30}
"""When values were measured, unless they say so themselves."""


@attrs.frozen
class Adapter:
    """A running adapter, of one namespace's metrics."""

    namespace: str
    values: Path
    log: Path
    process: "subprocess.Popen[bytes]"

    def measure(self, *values: Mapping[str, Any]) -> None:
        """Say what is measured from now on, and nothing else is."""
        where = {"namespace": self.namespace}
        text = json.dumps([where | _STAMPED | dict(each) for each in values])
        fresh = self.values.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.values)

    def kill(self) -> None:
        """End it, as a node that dies would; its registration stays."""
        self.process.kill()
        self.process.wait(timeout=_END_SECONDS)


@pytest.fixture
def adapter(
    request: pytest.FixtureRequest,
    cluster: ClusterAccess,
    rest: Rest,
    namespace: str,
    tmp_path: Path,
) -> Iterator[Adapter]:
    """Serve custom metrics of the test's namespace; a parameter says at which versions of the API.

    A cluster has one such API, so a test has one adapter, and one test at a time.
    """
    versions = getattr(request, "param", VERSIONS)
    with adapting(cluster, rest, namespace, tmp_path, versions=versions) as made:
        yield made


@contextlib.contextmanager
def adapting(
    cluster: ClusterAccess,
    rest: Rest,
    namespace: str,
    folder: Path,
    *,
    versions: Sequence[str] = VERSIONS,
    address: str = LOOPBACK,
) -> Iterator[Adapter]:
    """Serve custom metrics of a namespace, by an adapter that listens there."""
    at, authority = f"{address}:{free_port()}", Authority()
    command = _command(cluster, folder, at, authority, host=f"{_NAME}.{namespace}.svc")
    log = folder / "adapter.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        made = Adapter(namespace, folder / "values.json", log, process)
        made.measure()
        try:
            eventually_blocking(partial(_is_serving, made, at), within=_START_SECONDS)
            with registered(
                rest,
                GROUP,
                versions,
                namespace=namespace,
                service=_NAME,
                port=int(at.rpartition(":")[2]),
                authority=authority.pem,
                address=address,
            ):
                yield made
        finally:
            made.kill()


def _is_serving(found: Adapter, at: str) -> bool:
    if found.process.poll() is not None:
        raise RuntimeError(f"the adapter ended: {found.log.read_text()}")
    address, _, port = at.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((address, int(port))) == 0


def _command(
    cluster: ClusterAccess, folder: Path, at: str, authority: Authority, *, host: str
) -> list[str]:
    """Return how it is started: it asks the API server who asks, and whether they may."""
    certificate, key = (folder / name for name in ("tls.crt", "tls.key"))
    for path, text in zip((certificate, key), authority.issue(host), strict=True):
        path.write_text(text)
    address, _, port = at.partition(":")
    flags = {
        "values": folder / "values.json",
        "bind-address": address,
        "secure-port": port,
        "tls-cert-file": certificate,
        "tls-private-key-file": key,
        "lister-kubeconfig": cluster.kubeconfig,
        "authentication-kubeconfig": cluster.kubeconfig,
        "authorization-kubeconfig": cluster.kubeconfig,
    }
    program = Cluster.provide_tool("adapter")
    return [program, *(f"--{name}={value}" for name, value in flags.items())]
