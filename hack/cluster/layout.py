"""Where things are kept on this machine.

Binaries belong to the user's cache and are shared by all clusters and checkouts. Everything else
a cluster has lies below one folder, so that removing the folder removes the cluster; the one
exception, volumes of the host-path provisioner, is dealt with in `volumes`.
"""

import os
import re
from pathlib import Path
from typing import Final

import attrs

from hack.cluster.errors import UsageError

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


def _user_folder(variable: str, fallback: str) -> Path:
    """Follow the XDG rule: a relative value is ignored."""
    given = Path(os.environ.get(variable, ""))
    return given if given.is_absolute() else Path.home() / fallback


def cache_home() -> Path:
    """Return the folder of everything that can be fetched or built again."""
    return _user_folder("XDG_CACHE_HOME", ".cache") / "pentad"


def clusters_home() -> Path:
    """Return the folder that holds one folder per cluster."""
    return _user_folder("XDG_STATE_HOME", ".local/state") / "pentad" / "clusters"


def ports_lock() -> Path:
    """Return what is held while ports are chosen."""
    return clusters_home() / "ports.lock"


def check_name(name: str) -> str:
    """Return a name that is safe as a folder and as a part of a context name."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"--name {name!r}: use at most 40 of a-z, 0-9 and '-', not '-' at either end"
        )
    return name


@attrs.frozen
class Layout:
    """The files of one cluster."""

    root: Path

    @classmethod
    def of(cls, name: str) -> "Layout":
        """Return where the cluster of this name lives, whether it exists or not."""
        return cls(clusters_home() / check_name(name))

    @property
    def lock(self) -> Path:
        """Held by whoever changes the cluster; beside the folder, so it outlives its removal."""
        return self.root.with_name(f"{self.root.name}.lock")

    @property
    def record(self) -> Path:
        """What is known of the cluster; see `record`."""
        return self.root / "cluster.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.root / "pki"

    @property
    def etcd_data(self) -> Path:
        """The data of the API server."""
        return self.root / "etcd"

    @property
    def node(self) -> Path:
        """What the real node writes."""
        return self.root / "node"

    @property
    def logs(self) -> Path:
        """One file per component."""
        return self.root / "logs"

    @property
    def audit_log(self) -> Path:
        """Every request to the API server, one JSON object a line."""
        return self.logs / "audit.jsonl"

    @property
    def audit_policy(self) -> Path:
        """What the audit log tells."""
        return self.root / "audit-policy.yaml"

    def log(self, component: str) -> Path:
        """Return where a component's output goes."""
        return self.logs / f"{component}.log"

    def identity_kubeconfig(self, identity: str) -> Path:
        """Return the kubeconfig a component uses."""
        return self.pki / f"{identity}.kubeconfig"
