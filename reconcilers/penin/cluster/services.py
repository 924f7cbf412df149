"""What runs in a cluster: its four services and their cache, in the order of a rollout.

The cache comes first, since all others use it; then the gates, which fail closed and are asked by
the others; the orchestrator last, since it asks all of them.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

APP: Final = "penin-omega"
TRACK: Final = "penin.ai/track"
CHAMPION: Final = "champion"


@attrs.frozen(kw_only=True)
class Role:
    """One part of a cluster.

    `field` is what it is called in our types, `label` in the names of objects. `sections` are the
    parts of `spec.config` that it reads: only a change of those restarts it.
    """

    key: str
    field: str
    title: str
    label: str
    port: int
    sections: frozenset[str] = frozenset()
    uses_openai: bool = False
    uses_api_server: bool = False

    def child(self, cluster: str) -> str:
        """Name what belongs to this part of a cluster."""
        return f"{cluster}-{self.label}"

    def labels(self, cluster: str) -> dict[str, str]:
        """Return the labels of its objects; its Service selects pods by them."""
        return {"app": APP, "cluster": cluster, "service": self.label}

    def pod_labels(self, cluster: str, *, track: str = CHAMPION) -> dict[str, str]:
        """Return the labels of its pods; its workload selects them, and no challenger's."""
        return {**self.labels(cluster), TRACK: track}

    def told(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parts of the settings that it reads."""
        return {name: value for name, value in config.items() if name in self.sections}


REDIS: Final = Role(key="redis", field="redis", title="Redis", label="redis", port=6379)
SIGMA_GUARD: Final = Role(
    key="sigmaGuard",
    field="sigma_guard",
    title="Σ-Guard",
    label="sigma-guard",
    port=8011,
    sections=frozenset({"sigmaGuard"}),
)
SR_OMEGA_INFINITY: Final = Role(
    key="srOmegaInfinity",
    field="sr_omega_infinity",
    title="SR-Ω∞",
    label="sr-omega-infinity",
    port=8012,
    sections=frozenset({"caosPlus"}),
    uses_api_server=True,
)
ACFA_LEAGUE: Final = Role(
    key="acfaLeague",
    field="acfa_league",
    title="ACFA League",
    label="acfa-league",
    port=8013,
    sections=frozenset({"budgetDailyUsd", "evolution"}),
    uses_openai=True,
)
OMEGA_META: Final = Role(
    key="omegaMeta",
    field="omega_meta",
    title="Ω-META",
    label="omega-meta",
    port=8010,
    sections=frozenset({"budgetDailyUsd", "caosPlus", "evolution"}),
    uses_openai=True,
)
SERVICES: Final = (SIGMA_GUARD, SR_OMEGA_INFINITY, ACFA_LEAGUE, OMEGA_META)
EVERYTHING: Final = (REDIS, *SERVICES)
