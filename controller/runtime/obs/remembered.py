"""How much is remembered beside the caches, for Prometheus.

Each of these memories has a bound, or holds no more than what the caches show. The figures tell
that this is so, and what a process that grows holds more of.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.apply import ApplySet
from controller.runtime.controller import Controller
from controller.runtime.events.recorder import Recorder
from controller.runtime.obs.auth import Gatekeeper
from controller.runtime.obs.declared import gauge
from controller.runtime.obs.figures import told
from informers.client import Client

REMEMBERED: Final = gauge(
    "pentad_remembered", "What is remembered beside the caches, by what it is of.", "what"
)
DECLARED: Final = (REMEMBERED,)


@attrs.frozen(kw_only=True)
class RememberedCollector(Collector):
    """Whoever remembers something."""

    controllers: Sequence[Controller]
    apply_sets: Sequence[ApplySet]
    clients: Sequence[Client]
    recorders: Sequence[Recorder]
    gatekeeper: Gatekeeper | None

    def collect(self) -> Iterator[Metric]:
        """Read each of them once."""
        found = {
            "reasons": sum(len(c.why) for c in self.controllers),
            "errors": sum(len(c.troubles) for c in self.controllers),
            "children": sum(s.remembered for s in self.apply_sets),
            "repairs": sum(len(s.fights) for s in self.apply_sets),
            "events": sum(r.remembered for r in self.recorders),
            "warnings": sum(len(c.caveats) for c in self.clients),
            "callers": 0 if self.gatekeeper is None else self.gatekeeper.remembered,
        }
        yield told(REMEMBERED, [((what,), n) for what, n in found.items()])
