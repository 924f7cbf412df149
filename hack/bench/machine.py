"""What the figures were taken on: what changes them, and nothing that names a host."""

import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any, Final

from hack.bench.api import Api

_GO_MOD: Final = Path(__file__).parent / "controller-runtime" / "go.mod"


async def describe(api: Api) -> dict[str, Any]:
    """Return the facts printed beside every result."""
    version = await api.json("GET", "/version")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "load_before": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "kubernetes": version["gitVersion"],
        "controller-runtime": _controller_runtime(),
        "kopf": _installed("kopf"),
        "uvloop": _installed("uvloop"),
    }


def _controller_runtime() -> str:
    found = re.search(r"sigs\.k8s\.io/controller-runtime (v\S+)", _GO_MOD.read_text("utf-8"))
    return found[1] if found else "unknown"


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
