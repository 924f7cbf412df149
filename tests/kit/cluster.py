"""Fixtures for tests against a real control plane.

    cluster      one per run: the local one of hack/cluster, or kind with --cluster=kind
    namespace    one per test: its name; created before, deleted after
    rest         a plain client, independent of the code under test
    kubectl      runs kubectl against the cluster and returns its output
    own_cluster  makes further local clusters, for tests that break one
    helm         runs helm without a cluster and returns how it ended

Programs the cluster needs are provided before the first test starts, so that no test's time limit
covers a build. What is missing fails the run; nothing is skipped. The clusters of a run that was
killed are taken down by the next one.

pytest-kind's plugin stays disabled: it claims options as general as --kubeconfig for every run and
imports an HTTP client even where nothing uses it. Its KindCluster class is loaded only for
--cluster=kind. That class downloads what it is not given, so here it is always given both programs.
"""

import contextlib
import functools
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import attrs
import pytest

from hack.cluster import releases
from hack.cluster.bundles import tools
from hack.cluster.cluster import Cluster
from tests.kit.eventually import eventually_blocking
from tests.kit.rest import Rest

FAKE_NODES: Final = 3

_KUBECTL_DEADLINE: Final = 60.0
_GIVEN_TO_EVERY_NAMESPACE: Final = ("configmaps/kube-root-ca.crt", "serviceaccounts/default")


class ClusterAccess(Protocol):
    """What a test may rely on, whichever cluster it runs on."""

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig of an administrator."""

    @property
    def server(self) -> str:
        """The URL of the API server."""

    @property
    def kubectl(self) -> Path:
        """A kubectl that fits."""


@attrs.frozen
class KindAccess:
    """A kind cluster."""

    kubeconfig: Path
    kubectl: Path

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return Rest(self.kubeconfig).server


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cluster", "the cluster tests run on")
    group.addoption(
        "--cluster",
        choices=("local", "kind"),
        default="local",
        help="local: the control plane of hack/cluster (default); kind: through pytest-kind",
    )
    group.addoption(
        "--kubernetes",
        default=releases.DEFAULT,
        metavar="VERSION",
        help="the version of local clusters (default: %(default)s)",
    )
    group.addoption("--kind-bin", help="the kind program; otherwise the one on PATH")
    group.addoption("--kind-kubectl-bin", help="kubectl for kind; otherwise ours")
    group.addoption("--kind-image", help="the node image kind starts")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find or build the programs if any test needs them, outside of every test's time limit."""
    asked = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if session.config.option.collectonly or not asked & {"cluster", "own_cluster", *tools()}:
        return
    options = session.config.option
    if options.cluster == "kind" and options.kind_kubectl_bin:
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for name in asked & tools().keys():
            Cluster.provide_tool(name)
        Cluster.provide_programs(options.kubernetes)
        Cluster.sweep()


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClusterAccess]:
    """One cluster for the whole run."""
    if request.config.option.cluster == "kind":
        yield from _kind_cluster(request.config.option, tmp_path_factory.mktemp("kind"))
        return
    with own_clusters(request.config) as make:
        yield make(fake_nodes=FAKE_NODES)


@contextlib.contextmanager
def own_clusters(config: pytest.Config) -> Iterator[Callable[..., Cluster]]:
    """Make local clusters that end with the block; arguments as of Cluster.up.

    They end as well when the run is interrupted, or terminated politely.
    """
    names: list[str] = []

    def make(**options: Any) -> Cluster:
        name = f"test-{secrets.token_hex(4)}"
        names.append(name)
        version = config.option.kubernetes
        return Cluster.up(name, owner_pid=os.getpid(), **{"kubernetes": version, **options})

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield make
    finally:
        for name in names:
            Cluster.named(name).down()
        signal.signal(signal.SIGTERM, before)


@pytest.fixture
def own_cluster(request: pytest.FixtureRequest) -> Iterator[Callable[..., Cluster]]:
    """Make local clusters that end with the test; arguments as of Cluster.up."""
    with own_clusters(request.config) as make:
        yield make


def _kind_cluster(options: Any, folder: Path) -> Iterator[ClusterAccess]:
    from pytest_kind import KindCluster  # noqa: PLC0415 - see the module's docstring

    kind = options.kind_bin or shutil.which("kind")
    if kind is None:
        pytest.fail("--cluster=kind needs kind: put it on PATH or name it with --kind-bin")
    kubectl = options.kind_kubectl_bin or Cluster.provide_programs(options.kubernetes)["kubectl"]
    name = f"pentad-{secrets.token_hex(4)}"
    made = KindCluster(
        name,
        kubeconfig=folder / "kubeconfig",
        image=options.kind_image,
        kind_path=Path(kind),
        kubectl_path=Path(kubectl),
    )
    try:
        made.create()
        yield KindAccess(made.kubeconfig_path, made.kubectl_path)
    finally:
        made.delete()
        shutil.rmtree(made.path)
        with contextlib.suppress(OSError):  # another run's
            made.path.parent.rmdir()


@pytest.fixture(scope="session")
def rest(cluster: ClusterAccess) -> Iterator[Rest]:
    """Return a plain client of the run's cluster."""
    client = Rest(cluster.kubeconfig)
    yield client
    client.close()


@pytest.fixture
def namespace(rest: Rest) -> Iterator[str]:
    """Return the name of a fresh namespace; it is left to the server to empty it afterwards.

    What the controller manager puts into every namespace is there, so that nothing but the test
    changes it from now on.
    """
    with fresh_namespace(rest) as name:
        yield name


@contextlib.contextmanager
def fresh_namespace(rest: Rest) -> Iterator[str]:
    """Make a namespace, whole, whose deletion is asked for afterwards."""
    name = f"test-{secrets.token_hex(4)}"
    rest.create(
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
    )
    path = f"/api/v1/namespaces/{name}"
    for given in _GIVEN_TO_EVERY_NAMESPACE:
        eventually_blocking(functools.partial(rest.get, f"{path}/{given}"))
    yield name
    rest.delete(path)


@pytest.fixture(scope="session")
def kubectl(cluster: ClusterAccess) -> Callable[..., str]:
    """Return a function that runs kubectl and returns what it prints; it fails with its error."""
    return kubectl_of(cluster)


def kubectl_of(cluster: ClusterAccess) -> Callable[..., str]:
    """Return the same for any cluster."""

    def run(*arguments: str, stdin: str | None = None, within: float = _KUBECTL_DEADLINE) -> str:
        done = subprocess.run(
            [cluster.kubectl, f"--kubeconfig={cluster.kubeconfig}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    return run


Helm = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Return a function that runs helm, with a home of its own, and returns how it ended."""
    program = Cluster.provide_tool("helm")
    home = tmp_path_factory.mktemp("helm")
    places = {f"HELM_{name}_HOME": str(home) for name in ("CACHE", "CONFIG", "DATA")}

    def run(
        *arguments: str, kubeconfig: Path | None = None, within: float = _KUBECTL_DEADLINE
    ) -> "subprocess.CompletedProcess[str]":
        cluster = () if kubeconfig is None else (f"--kubeconfig={kubeconfig}",)
        return subprocess.run(
            [program, *arguments, *cluster],
            env={**os.environ, **places},
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )

    return run
