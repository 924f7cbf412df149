"""Who reads the figures of both arms: the pods there are, and what each serves at /metrics.

Only ready pods are asked, since only those get requests; of the others it is known how often they
were started again. Of an arm with very many pods the first ones by name are read.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET

from informers.lister import Lister
from reconcilers.penin.api.evidence import MOST_PODS, Track
from reconcilers.penin.api.experiment import Primary
from reconcilers.penin.cluster.podstate import Pod
from reconcilers.penin.cluster.services import Role
from reconcilers.penin.experiment.reading import Reading, reading
from reconcilers.penin.metrics.exposition import Page
from reconcilers.penin.metrics.reconciler import Address
from reconcilers.penin.metrics.scraper import Scraper

TRACKS: Final[tuple[Track, ...]] = ("champion", "challenger")


class ArmReader:
    """Reads both arms of a service."""

    def __init__(self, pods: Lister[Pod], *, address: Address) -> None:
        self._pods = pods
        self._address = address
        self._scraper = Scraper()

    def pods(self, namespace: str, cluster: str, role: Role, track: Track) -> Sequence[Pod]:
        """Return the pods of an arm that are read."""
        labels = role.pod_labels(cluster, track=track)
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found = self._pods.list(namespace=namespace, label_selector=selector)
        there = [pod for pod in found if pod.metadata.deletion_timestamp is UNSET]
        return sorted(there, key=lambda pod: pod.name)[:MOST_PODS]

    async def read(
        self, *, namespace: str, cluster: str, role: Role, primary: Primary
    ) -> dict[Track, dict[str, Reading]]:
        """Return what was read of each pod, by track and name."""
        found = {track: self.pods(namespace, cluster, role, track) for track in TRACKS}
        pages = await self._scraper.read(
            {
                pod.name: self._address(pod, role)
                for pods in found.values()
                for pod in pods
                if pod.is_ready
            }
        )
        return {
            track: {pod.name: _reading(pod, pages.get(pod.name), primary) for pod in pods}
            for track, pods in found.items()
        }


def _reading(pod: Pod, page: object, primary: Primary) -> Reading:
    if isinstance(page, Page):
        return reading(page, primary, restarts=pod.restarts)
    return Reading(served=False, restarts=pod.restarts)
