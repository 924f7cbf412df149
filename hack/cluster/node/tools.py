"""What a node needs of this machine: root, and programs of its distribution.

They are not built here: runc has to be linked with the system's seccomp library, and the others
are part of every Linux. What is missing is told at once and together, with the command that
installs it.
"""

import os
import shutil
from collections.abc import Mapping
from typing import Final

from hack.cluster.errors import MissingToolError, UsageError

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUNC: Final = "runc"
PACKAGES: Final = {
    RUNC: "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "sysctl": "procps",
    "hostname": "hostname",
}
"""The package of each program, as Debian calls it."""


def find() -> dict[str, str]:
    """Return the paths of the programs that a node's own programs are told."""
    if os.geteuid() != 0:
        raise UsageError("--node makes namespaces and control groups: run it as root")
    if lacking := missing(PACKAGES):
        raise MissingToolError(
            "a real node needs programs that are not there; "
            f"install them with: apt-get install {' '.join(lacking)}"
        )
    found = shutil.which(RUNC, path=PATH)
    assert found is not None, "it has just been found"
    return {RUNC: found}


def missing(packages: Mapping[str, str]) -> list[str]:
    """Return the packages whose programs are not on this machine."""
    names = {packages[name] for name in packages if shutil.which(name, path=PATH) is None}
    return sorted(names)
