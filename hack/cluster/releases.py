"""Which versions make up a cluster.

A request such as `1.36` names a minor and gets the patch release pinned here; `1.36.1` is taken
as it stands. Only the default's module graph is committed (`go/kubernetes`); the others' is derived
from their own go.mod at build time, see `modules`. etcd and kwok are the same for all of them: etcd
keeps its protocol across these minors, and kwok is a client.
"""

import re
from typing import Final, Self

import attrs

from hack.cluster.errors import UsageError

DEFAULT: Final = "1.36"
ETCD: Final = "3.6.8"
KWOK: Final = "0.8.0"
CONTAINERD: Final = "2.4.2"
PLUGINS: Final = "1.9.0"
COREDNS: Final = "1.14.3"
METRICS_SERVER: Final = "0.9.0"
PROMETHEUS: Final = "0.313.5"  # the module's number of Prometheus 3.13.5
PAUSE: Final = "1.0.0"  # of ours; a new number builds it anew
HELM: Final = "4.3.1"
ADAPTER: Final = "1.0.0"  # of ours, as PAUSE

PINNED: Final = {
    "1.30": "1.30.14",
    "1.31": "1.31.14",
    "1.32": "1.32.13",
    "1.33": "1.33.13",
    "1.34": "1.34.4",
    "1.35": "1.35.4",
    "1.36": "1.36.3",
}
_ASKED: Final = re.compile(r"v?(?P<minor>1\.\d+)(?P<patch>\.\d+)?")


@attrs.frozen(order=True)
class Version:
    """Three numbers that compare as numbers."""

    major: int
    minor: int
    patch: int

    @classmethod
    def find(cls, text: str) -> Self | None:
        """Return the first plain version in a program's output; pre-releases do not count."""
        match = re.search(r"(?<![\d.])v?(\d+)\.(\d+)\.(\d+)(?![\w.+-])", text)
        return None if match is None else cls(*(int(part) for part in match.groups()))

    def is_minor_of(self, other: Self) -> bool:
        """Whether both are patch releases of one minor."""
        return (self.major, self.minor) == (other.major, other.minor)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@attrs.frozen(kw_only=True)
class Release:
    """The versions of all parts of one cluster."""

    kubernetes: Version
    etcd: Version
    kwok: Version
    is_exact: bool = False

    @property
    def is_default(self) -> bool:
        """Whether the committed module graph describes it."""
        return str(self.kubernetes) == PINNED[DEFAULT]


def parse(text: str) -> Version:
    """Return the version that a text contains."""
    found = Version.find(text)
    if found is None:
        raise UsageError(f"{text!r} is no version")
    return found


def resolve(asked: str) -> Release:
    """Turn what was asked for into exact versions."""
    match = _ASKED.fullmatch(asked.strip())
    if match is None:
        raise UsageError(f"--kubernetes {asked!r} is no version; write 1.36 or 1.36.3")
    exact = match["minor"] + match["patch"] if match["patch"] else PINNED.get(match["minor"])
    if exact is None:
        known = ", ".join(PINNED)
        raise UsageError(
            f"no patch release of Kubernetes {match['minor']} is pinned (pinned: {known}); "
            f"name one exactly, such as --kubernetes {match['minor']}.1"
        )
    return Release(
        kubernetes=parse(exact),
        etcd=parse(ETCD),
        kwok=parse(KWOK),
        is_exact=match["patch"] is not None,
    )
