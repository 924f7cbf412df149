"""A cluster with a real node for tests, and the image its pods are made of.

One node serves a whole run: it takes some fifteen seconds to come up, and each test has a namespace
of its own. It needs root and fails without: what cannot be tried must not look tried.

`--real-node=only` and `--real-node=none` part the tests in two, for runs side by side: those that
use the node, and the others.
"""

import contextlib
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from hack.cluster.cluster import Cluster
from hack.cluster.node import oci
from tests.kit.cluster import fresh_namespace, kubectl_of, own_clusters
from tests.kit.rest import Rest

TOOLS: Final = "local/tools:1"
APPLETS: Final = (
    "sh",
    "cat",
    "echo",
    "httpd",
    "nc",
    "nslookup",
    "sleep",
    "sync",
    "timeout",
    "wget",
    "yes",
)
REAL: Final = "real"
"""The fixture by which a test uses the node, itself or through others."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("cluster").addoption(
        "--real-node",
        choices=("only", "none"),
        help="run only the tests that use a real node, or none of them (default: all)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave those tests to another run that it is for."""
    asked = config.option.real_node
    if asked is None:
        return
    left = [each for each in items if (asked == "only") != (REAL in _fixtures(each))]
    config.hook.pytest_deselected(items=left)
    items[:] = [each for each in items if each not in left]


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def tools_image() -> bytes:
    """Return an image that has the usual small programs."""
    busybox = shutil.which("busybox")
    assert busybox is not None, "busybox is missing: run `make node`"
    files: dict[str, oci.Content] = {"bin/busybox": Path(busybox).read_bytes(), "tmp": None}
    files |= {f"bin/{applet}": "busybox" for applet in APPLETS}
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    name = f"docker.io/{TOOLS}"
    return oci.archive(name, files, entrypoint=["/bin/sh"], architecture=architecture)


@pytest.fixture(scope="session")
def real(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Return a cluster with a real node that has the image of tools."""
    assert os.geteuid() == 0, "a real node needs root: run `make e2e` as root"
    with own_clusters(request.config) as make:
        cluster = make(node=True)
        archive = tmp_path_factory.mktemp("images") / "tools.tar"
        archive.write_bytes(tools_image())
        cluster.load(archive)
        yield cluster


@pytest.fixture(scope="session")
def ask(real: Cluster) -> Callable[..., str]:
    """Return `ask("get", "pods")`, which returns what kubectl prints on the real node's cluster."""
    return kubectl_of(real)


@pytest.fixture
def room(real: Cluster) -> Iterator[str]:
    """Return a namespace on the real node's cluster, in which pods may be made."""
    with contextlib.closing(Rest(real.kubeconfig)) as rest, fresh_namespace(rest) as name:
        yield name


def pod(name: str, *command: str, **spec: Any) -> dict[str, Any]:
    """Return a pod of tools that runs a command and ends at once when it is told to."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": TOOLS, "command": list(command)}],
        }
        | spec,
    }


def manifest(*objects: Mapping[str, Any]) -> str:
    """Return objects as kubectl reads them."""
    return yaml.safe_dump_all(objects)
