"""Programs that are built together: one Go module graph each.

Three graphs, as their dependencies differ; all Kubernetes versions share etcd and kwok.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

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


@attrs.frozen(kw_only=True)
class Bundle:
    """What one run of the Go client builds, and where it goes."""

    name: str
    version: Version
    programs: Mapping[str, str]
    stamps: Mapping[str, str]
    is_committed: bool = True

    @property
    def folder(self) -> Path:
        """The cache folder of this version."""
        return cache_home() / "bin" / f"{self.name}-v{self.version}"

    @property
    def title(self) -> str:
        """The bundle, for people."""
        return f"{self.name} {self.version}"


def bundles(release: Release) -> tuple[Bundle, ...]:
    """Return all bundles of a release; what everything waits for comes first."""
    return (_kubernetes(release), _etcd(release), _kwok(release))


def _kubernetes(release: Release) -> Bundle:
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
        programs={name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES_PROGRAMS},
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
