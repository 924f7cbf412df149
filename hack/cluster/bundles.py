"""Programs that are built together: one Go module graph each.

One graph each, as their dependencies differ; all Kubernetes versions share all but their own. Those
of a node are built when the first node is asked for, and tools, which are no part of a cluster,
when the first is.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import attrs

from hack.cluster import releases
from hack.cluster.layout import cache_home
from hack.cluster.releases import Release, Version

MODULES: Final = Path(__file__).parent / "go"
KUBERNETES: Final = "kubernetes"

_KUBERNETES_PROGRAMS: Final = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
)
_NODE_PROGRAMS: Final = ("kubelet", "kube-proxy")
_CONTAINERD: Final = "github.com/containerd/containerd/v2/cmd"
_PLUGINS: Final = "github.com/containernetworking/plugins/plugins"


@attrs.frozen(kw_only=True)
class Bundle:
    """What one run of the Go client builds, and where it goes."""

    name: str
    version: Version
    programs: Mapping[str, str]
    stamps: Mapping[str, str]
    tags: tuple[str, ...] = ()
    is_committed: bool = True
    is_looked_for: bool = True

    @property
    def folder(self) -> Path:
        """The cache folder of this version."""
        return cache_home() / "bin" / f"{self.name}-v{self.version}"

    @property
    def title(self) -> str:
        """The bundle, for people."""
        return f"{self.name} {self.version}"


def bundles(release: Release, *, node: bool = False) -> tuple[Bundle, ...]:
    """Return all bundles of a release; what everything waits for comes first."""
    names = (*_KUBERNETES_PROGRAMS, *_NODE_PROGRAMS) if node else _KUBERNETES_PROGRAMS
    control_plane = (_kubernetes(release, names), _etcd(release), _kwok(release))
    return (*control_plane, *_node()) if node else control_plane


def _node() -> tuple[Bundle, ...]:
    """Return what only a node needs."""
    return (
        _private(
            "containerd",
            releases.CONTAINERD,
            *(f"{_CONTAINERD}/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")),
            stamp="github.com/containerd/containerd/v2/version.Version",
        ),
        _private(
            "plugins",
            releases.PLUGINS,
            *(f"{_PLUGINS}/{name}" for name in ("main/bridge", "ipam/host-local", "meta/portmap")),
        ),
        _private("coredns", releases.COREDNS, "github.com/coredns/coredns"),
        _private(
            "metrics-server",
            releases.METRICS_SERVER,
            "sigs.k8s.io/metrics-server/cmd/metrics-server",
        ),
        _private("pause", releases.PAUSE, "pentad.test/hack/cluster/pause"),
    )


def tools() -> dict[str, Bundle]:
    """Return what is built to be used on clusters, by the program's name."""
    helm = _private(
        "helm",
        releases.HELM,
        "helm.sh/helm/v4/cmd/helm",
        stamp="helm.sh/helm/v4/internal/version.version",
    )
    adapter = _private("adapter", releases.ADAPTER, "pentad.test/hack/cluster/adapter")
    found = (helm, _prometheus(), adapter)
    return {program: bundle for bundle in found for program in bundle.programs}


def _prometheus() -> Bundle:
    """Prometheus and promtool, as much of them as tests use.

    It finds targets in files and, of all the clouds it knows, in Kubernetes: the clients of the
    others are not compiled. Its pages are left out, its API is all there.
    """
    version = releases.parse(releases.PROMETHEUS)
    prometheus = _private(
        "prometheus",
        releases.PROMETHEUS,
        *(f"github.com/prometheus/prometheus/cmd/{name}" for name in ("prometheus", "promtool")),
    )
    # The module of Prometheus 3.13.5 is v0.313.5: its major version is not in its path.
    number = f"{version.minor // 100}.{version.minor % 100}.{version.patch}"
    return attrs.evolve(
        prometheus,
        tags=("remove_all_sd", "enable_kubernetes_sd"),
        stamps={"github.com/prometheus/common/version.Version": number},
    )


def _private(name: str, version: str, *packages: str, stamp: str = "") -> Bundle:
    """Return what is always built: programs of these names on PATH are this machine's own."""
    return Bundle(
        name=name,
        version=releases.parse(version),
        programs={package.rpartition("/")[2]: package for package in packages},
        stamps={stamp: f"v{version}"} if stamp else {},
        is_looked_for=False,
    )


def _kubernetes(release: Release, names: Iterable[str]) -> Bundle:
    version = release.kubernetes
    stamp = {
        "gitVersion": f"v{version}",
        "gitMajor": str(version.major),
        "gitMinor": str(version.minor),
        "gitTreeState": "clean",
    }
    return Bundle(
        name=KUBERNETES,
        version=version,
        programs={name: f"k8s.io/kubernetes/cmd/{name}" for name in names},
        stamps={
            f"k8s.io/{package}.{name}": value
            for package in ("component-base/version", "client-go/pkg/version")
            for name, value in stamp.items()
        },
        is_committed=release.is_default,
    )


def _etcd(release: Release) -> Bundle:
    return Bundle(
        name="etcd",
        version=release.etcd,
        programs={"etcd": "go.etcd.io/etcd/server/v3"},
        stamps={},
    )


def _kwok(release: Release) -> Bundle:
    return Bundle(
        name="kwok",
        version=release.kwok,
        programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        stamps={"sigs.k8s.io/kwok/pkg/consts.Version": f"v{release.kwok}"},
    )
