"""What of a Debian tree an image needs: pure decisions over dpkg's records.

A package is kept if it was asked for or if one that is kept depends on it at run time. The rest was
only there to install them, and goes; dpkg's records then list what is there and nothing else.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

ALWAYS: Final = ("base-files", "base-passwd", "dash", "libc-bin", "libc6")
"""What makes a tree Debian's, a shell, and the C library."""

FOR_SCRIPTS: Final = frozenset(
    {
        "adduser",
        "cdebconf",
        "debconf",
        "debianutils",
        "dpkg",
        "init-system-helpers",
        "libdebconfclient0",
        "locales",
        "locales-all",
        "lsb-base",
        "mawk",
        "netbase",
        "openssl",
        "passwd",
        "perl",
        "perl-base",
        "postgresql-client-common",
        "postgresql-common",
        "procps",
        "sensible-utils",
        "ssl-cert",
        "sysvinit-utils",
        "ucf",
    }
)
"""What packages depend on to be installed and configured, not to run."""

NOT_NEEDED: Final = frozenset({"libllvm14"})
"""PostgreSQL's compiler of queries, which it does without; it is larger than all the rest."""

DROPPED: Final = (
    "dev",
    "etc/apt",
    "etc/hostname",
    "etc/machine-id",
    "etc/postgresql",
    "etc/pam.d",
    "etc/postgresql-common",
    *(f"etc/rc{level}.d" for level in "0123456S"),
    "etc/resolv.conf",
    "etc/security",
    "etc/ssl/certs/ssl-cert-snakeoil.pem",
    "etc/ssl/private",
    "proc",
    "run",
    "sys",
    "tmp",
    "var/backups",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg/available",
    "var/lib/dpkg/status-old",
    "var/lib/postgresql",
    "var/log",
)
"""What tells where a tree was made, belongs to those who install, or is mounted when it runs."""

EMPTY: Final = ("dev", "proc", "run", "sys", "tmp", "data", "var/cache", "var/log")
"""Folders that are there with nothing in them."""

_VERSIONS: Final = re.compile(r"\s*[(\[<].*")

Record = Mapping[str, str]


def records(status: str) -> list[dict[str, str]]:
    """Return the paragraphs of a file of dpkg's, each by field; what is continued is joined."""
    found = []
    for paragraph in re.split(r"\n{2,}", status.strip("\n")):
        fields: dict[str, str] = {}
        name = ""
        for line in paragraph.splitlines():
            if line[:1] in " \t":
                fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        found.append(fields)
    return [each for each in found if each]


def installed(status: str) -> list[dict[str, str]]:
    """Return the records of packages that are installed."""
    return [each for each in records(status) if each.get("Status", "").endswith(" installed")]


def superfluous(status: str, asked: Iterable[str]) -> list[str]:
    """Return the installed packages that no asked one needs to run."""
    found = {each["Package"]: each for each in installed(status)}
    kept: set[str] = set()
    waiting = [*ALWAYS, *asked]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting += _needs(found[name], found)
    return sorted(set(found) - kept)


def _needs(record: Record, found: Mapping[str, Record]) -> list[str]:
    """Return what a package needs: of alternatives the first that is installed."""
    clauses = ", ".join(record.get(field, "") for field in ("Pre-Depends", "Depends"))
    needed = []
    for clause in filter(None, (each.strip() for each in clauses.split(","))):
        names = [_VERSIONS.sub("", each.strip()).partition(":")[0] for each in clause.split("|")]
        chosen = next((each for name in names for each in _providers(name, found)), None)
        if chosen is not None and chosen not in FOR_SCRIPTS | NOT_NEEDED:
            needed.append(chosen)
    return needed


def _providers(name: str, found: Mapping[str, Record]) -> list[str]:
    """Return the installed package of this name, or those that stand for it."""
    if name in found:
        return [name]
    return sorted(
        each
        for each, record in found.items()
        if name in _names(record.get("Provides", "").split(","))
    )


def _names(texts: Collection[str]) -> set[str]:
    return {_VERSIONS.sub("", text.strip()) for text in texts}
