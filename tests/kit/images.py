"""Images of ours on a real node, under whatever names a test wants them.

They are built once and kept in the user's cache (`make images`); what a test waits for is the load.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from hack.cluster.cluster import Cluster
from hack.cluster.progress import Progress
from hack.images import recipes
from hack.images.loading import load
from hack.images.store import Built, provide

_loaded: Final[set[tuple[str, str, str]]] = set()


def ensure(cluster: Cluster, name: str, names: Sequence[str] = ()) -> Built:
    """Make an image be on the node of a cluster, under its own name or these; build it if need be.

    The program of `penin-service` learns the tag of the name it was started by as PENIN_RELEASE.
    """
    (built,) = asyncio.run(provide([recipes.find(name)], progress=Progress()))
    missing = [
        each
        for each in names or (built.recipe.reference,)
        if (cluster.name, str(built.path), each) not in _loaded
    ]
    if missing:
        load(cluster, built, missing)
        _loaded.update((cluster.name, str(built.path), each) for each in missing)
    return built


def image(name: str) -> str:
    """Return the name by which a pod starts an image that was loaded under its own."""
    return recipes.find(name).reference.removeprefix("docker.io/")
