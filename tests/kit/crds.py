"""CRDs that are there to be used.

`kubectl wait` fails on a CRD that is so new that it has no conditions, instead of waiting for them
(kubectl takes the `null` that is there for a mistake), so it is asked again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.kit.eventually import eventually_blocking

WITHIN: Final = 30.0
Kubectl = Callable[..., str]


def install_crds(kubectl: Kubectl, *files: Path | str) -> None:
    """Apply definitions from files, and wait until their kinds are served."""
    for file in map(str, files):
        kubectl("apply", "--server-side", "--force-conflicts", "-f", file)
        established(kubectl, "-f", file)


def established(kubectl: Kubectl, *which: str, stdin: str | None = None) -> None:
    """Wait until kinds are served; `which` is what kubectl takes, such as crd/NAME."""
    eventually_blocking(
        lambda: kubectl(
            "wait", "--for=condition=Established", "--timeout=10s", *which, stdin=stdin
        ),
        within=WITHIN,
    )
