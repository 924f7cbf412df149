"""Folders of host-path volumes, which lie outside the cluster's own folder.

The provisioner in kube-controller-manager writes below one fixed path that all clusters and all
users of a machine share. Which of its folders belong to a cluster is read from the cluster's etcd
files: their names, random and unique, are in there even when no component runs any more.

The path itself goes with the last cluster of the machine and no sooner: a provisioner that finds it
missing makes one that only its own user can enter.
"""

import contextlib
import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hack.cluster.layout import Layout

ROOT: Final = Path("/tmp/hostpath_pv")  # noqa: S108 - fixed in the provisioner
_SHARED_MODE: Final = 0o1777


def share() -> None:
    """Let every user of this machine make volumes, not only the first."""
    with contextlib.suppress(FileExistsError):
        ROOT.mkdir()
        ROOT.chmod(_SHARED_MODE)


def remove(layout: Layout, *, is_last: bool) -> None:
    """Remove the volumes of a cluster whose components have ended; with the last, all there is."""
    if not os.access(ROOT, os.R_OK | os.X_OK):
        return  # there is none, or it is another user's and has none of ours
    candidates = {folder for folder in ROOT.iterdir() if folder.is_dir()}
    for content in _contents(layout.etcd_data) if candidates else ():
        for folder in tuple(candidates):
            if content.find(str(folder).encode()) >= 0:
                shutil.rmtree(folder, ignore_errors=True)
                candidates.discard(folder)
    if is_last:
        with contextlib.suppress(OSError):
            ROOT.rmdir()


def _contents(data: Path) -> Iterator[mmap.mmap]:
    for file in (*data.glob("member/wal/*.wal"), *data.glob("member/snap/db")):
        if file.stat().st_size:  # an empty file cannot be mapped
            with (
                file.open("rb") as opened,
                mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                yield content
