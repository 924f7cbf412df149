"""Giving a node an image, under any names: they only have to look right, no registry is asked."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from hack.cluster.cluster import Cluster
from hack.images.store import Built


def load(cluster: Cluster, built: Built, names: Sequence[str] = ()) -> None:
    """Load an image into the node of a cluster; without names it gets its recipe's own."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "named.tar"
        wanted = names or (built.recipe.reference,)
        built.archive.named(wanted, archive, release=built.recipe.release)
        cluster.load(archive)
