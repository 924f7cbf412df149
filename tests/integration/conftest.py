"""The cluster behind a proxy that can do it harm, on every loop; see docs/guide/testkit.md."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.kit.cluster import ClusterAccess
from tests.kit.loops import pytest_asyncio_loop_factories, pytest_configure
from tests.kit.proxy import FaultProxy
from tests.kit.rest import Rest
from tests.kit.upstream import Upstream

__all__ = ["pytest_asyncio_loop_factories", "pytest_configure"]

STREAMED = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1"


@pytest.fixture(scope="session")
def streams_content(rest: Rest) -> bool:
    """Whether the server streams initial content (WatchList): not every version does by default."""
    answer = rest.request("GET", f"/api/v1/namespaces?{STREAMED}&allowWatchBookmarks=true")
    assert answer.status in {200, 422}
    return answer.status == 200


@attrs.frozen
class Proxied:
    """The way to the cluster through the proxy, wherever a `cluster` is asked for."""

    kubeconfig: Path


@pytest.fixture
def proxy(cluster: ClusterAccess) -> Iterator[FaultProxy]:
    """A proxy of the test's own before the run's cluster."""
    with FaultProxy(Upstream.from_kubeconfig(cluster.kubeconfig)) as proxy:
        yield proxy


@pytest.fixture
def proxied(proxy: FaultProxy, tmp_path: Path) -> Proxied:
    """The cluster, with the proxy in between."""
    return Proxied(proxy.kubeconfig(tmp_path / "proxied.kubeconfig"))
