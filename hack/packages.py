"""`python -m hack.packages`: the programs of the distribution that nodes, images and tests need.

They are installed by apt-get, as root, and only those that are missing; elsewhere the line says
what to install. Nothing else of the project installs anything outside its own folders.
"""

import os
import shutil
import subprocess
import sys
from typing import Final

from hack.cluster.node import tools
from hack.images import programs

FOR_TESTS: Final = {"busybox": "busybox-static"}
_SECONDS: Final = 600.0


def main() -> int:
    """Install what is missing; return the exit code."""
    missing = tools.missing(tools.PACKAGES | programs.PACKAGES | FOR_TESTS)
    if not missing:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"install these with your package manager: {' '.join(missing)}", file=sys.stderr)
        return 1
    print(f"installing with apt-get: {' '.join(missing)}", file=sys.stderr, flush=True)
    install = ("install", "--yes", "--no-install-recommends", *missing)
    if _apt(*install) == 0:
        return 0
    return _apt("update") or _apt(*install)  # the lists may be older than the packages


def _apt(*arguments: str) -> int:
    done = subprocess.run(
        ("apt-get", "--quiet", "--quiet", *arguments),
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
