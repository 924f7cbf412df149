"""Making a base: Debian's packages in a tree, cut to what runs, as an archive that buildah reads.

mmdebstrap takes packages from wherever the machine's own apt does; nothing of that gets into the
tree. Times are zero, owners are numbers, and no program has special rights.
"""

import io
import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hack.cluster.node import oci
from hack.images import tree
from hack.images.programs import run
from hack.images.recipes import SUITE, Base, architecture

_SECONDS: Final = 900.0
_NOT_UNPACKED: Final = (
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/lib/*/gconv/*",
    "path-exclude=/usr/lib/*/libLLVM*",
    "path-exclude=/usr/lib/postgresql/*/lib/bitcode/*",
)
_NO_DATABASE: Final = (
    'mkdir -p "$1/etc/postgresql-common" && '
    'echo create_main_cluster=false > "$1/etc/postgresql-common/createcluster.conf"'
)
_USER: Final = "nonroot:x:65532:65532:nonroot:/tmp:/usr/sbin/nologin\n"
_GROUP: Final = "nonroot:x:65532:\n"

_ZERO: Final = {"SOURCE_DATE_EPOCH": "0"}
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


async def make(base: Base, output: Path, *, work: Path) -> None:
    """Write the archive of a base."""
    root = work / "tree"
    await run("mmdebstrap", *_options(base), SUITE, str(root), seconds=_SECONDS, environment=_ZERO)
    await _slim(root, base)
    _write(base, root, output)


def _write(base: Base, root: Path, output: Path) -> None:
    layer = output.with_name("layer.tar")
    _pack(root, layer)
    shutil.rmtree(root)
    config = {"architecture": architecture(), "config": {"Env": [f"PATH={_PATH}"]}}
    output.write_bytes(oci.wrap(f"base/{base.name}:dev", layer.read_bytes(), config))


def _options(base: Base) -> Iterator[str]:
    yield from ("--quiet", "--mode=root", "--variant=essential", "--format=directory")
    yield f"--architectures={architecture()}"
    yield "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr"  # without it comes perl
    yield f"--include={','.join(('usr-is-merged', *base.packages))}"
    yield "--aptopt=APT::Install-Recommends=false"
    yield "--aptopt=Acquire::Languages=none"
    yield "--dpkgopt=force-unsafe-io"
    yield from (f"--dpkgopt={each}" for each in _NOT_UNPACKED)
    yield f"--essential-hook={_NO_DATABASE}"


async def _slim(root: Path, base: Base) -> None:
    """Purge what is not needed to run.

    Packages' own scripts of removal are left out: they need programs that go in the same step.
    """
    status = (root / "var/lib/dpkg/status").read_text()
    gone = tree.superfluous(status, base.packages)
    records = root / "var/lib/dpkg/info"
    for script in ("prerm", "postrm"):
        for path in (each for name in gone for each in records.glob(f"{name}[.:]*{script}")):
            path.unlink()
    force = ("remove-essential", "remove-protected", "depends")
    await run(
        "dpkg",
        f"--root={root}",
        *(f"--force-{each}" for each in force),
        "--purge",
        *gone,
        seconds=_SECONDS,
    )
    for name in tree.DROPPED:
        _remove(root / name)
    for name in tree.EMPTY:
        (root / name).mkdir(parents=True)
    for file, line in (("passwd", _USER), ("group", _GROUP)):
        _remove(root / f"etc/{file}-")
        with (root / "etc" / file).open("a") as out:
            out.write(line)
    for name, target in base.links.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _pack(root: Path, output: Path) -> None:
    """Write the tree as a layer that depends on nothing but its content."""
    with tarfile.open(output, "w") as tar:
        for path in sorted(root.rglob("*")):
            entry = tar.gettarinfo(path, arcname=str(path.relative_to(root)))
            entry.mtime, entry.uname, entry.gname = 0, "", ""
            entry.mode &= ~(stat.S_ISUID | stat.S_ISGID)
            if entry.name in {"tmp", "data"}:
                entry.mode = 0o1777
            content = path.open("rb") if entry.isreg() else io.BytesIO()
            with content:
                tar.addfile(entry, content)
