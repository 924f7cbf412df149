"""Writers that never rest: objects are created, changed and deleted at random, all the time.

They go to the API server directly, past the faults, and remember nothing: what is right in the end
is what a fresh list says.
"""

import random
from typing import Final

from informers.client import Client
from informers.errors import InformersError
from informers.meta.builtin import CONFIG_MAP
from informers.meta.kinds import Kind

NAMES: Final = 120
PAUSE_SECONDS: Final = 0.02


class Churn:
    """One writer of ConfigMaps and Widgets in a namespace."""

    def __init__(self, client: Client, widgets: Kind, namespace: str, rng: random.Random) -> None:
        self._client = client
        self._widgets = widgets
        self._namespace = namespace
        self._rng = rng
        self.writes = 0
        self.refused = 0

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            try:
                await self._step()
                self.writes += 1
            except InformersError:
                self.refused += 1
            await self._client.clock.sleep(self._rng.uniform(0, 2 * PAUSE_SECONDS))

    async def _step(self) -> None:
        rng = self._rng
        kind, name = rng.choice(
            [(CONFIG_MAP, f"c{rng.randrange(NAMES)}"), (self._widgets, f"w{rng.randrange(NAMES)}")]
        )
        if rng.random() < 0.3:  # noqa: PLR2004 - a share, not a constant of anything
            await self._client.delete(kind, name, namespace=self._namespace)
            return
        body = self._body(kind, name)
        await self._client.apply(kind, name, body, namespace=self._namespace, manager="soak")

    def _body(self, kind: Kind, name: str) -> dict[str, object]:
        head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
        word = f"{self._rng.random():.9f}"
        if kind == CONFIG_MAP:
            return {**head, "data": {"word": word * self._rng.randrange(1, 40)}}
        children = self._rng.randrange(3)
        return {**head, "spec": {"size": self._rng.randrange(99), "children": children}}
