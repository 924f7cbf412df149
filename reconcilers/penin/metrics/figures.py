"""The four figures of a cluster, from what its pods tell: one documented rule, no guesses.

Every service tells all of them, so a figure is taken from the service whose it is, and from the
next one that is running if that one tells nothing. Of several pods of a service the median counts:
one that is stuck or restarted does not bend it. A figure that nobody tells is absent.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import UNSET, UnsetType

from reconcilers.penin import exported
from reconcilers.penin.api.v1alpha1 import MetricsStatus
from reconcilers.penin.cluster.services import (
    ACFA_LEAGUE,
    OMEGA_META,
    SIGMA_GUARD,
    SR_OMEGA_INFINITY,
    Role,
)
from reconcilers.penin.metrics.exposition import Page

DIGITS: Final = 4
_BY_META: Final = (OMEGA_META, SR_OMEGA_INFINITY, ACFA_LEAGUE, SIGMA_GUARD)
_BY_REFLECTION: Final = (SR_OMEGA_INFINITY, OMEGA_META, ACFA_LEAGUE, SIGMA_GUARD)
SOURCES: Final[Mapping[str, tuple[str, tuple[Role, ...]]]] = {
    "alpha": (exported.ALPHA.name, _BY_META),
    "delta_linf": (exported.DELTA_LINF.name, _BY_META),
    "caos_plus": (exported.CAOS_PLUS.name, _BY_META),
    "sr_score": (exported.SR_SCORE.name, _BY_REFLECTION),
}


def figures(pages: Mapping[str, Sequence[Page]]) -> MetricsStatus:
    """Sum up what the pods of each service, by its key, have told."""
    return MetricsStatus(
        **{field: _figure(name, order, pages) for field, (name, order) in SOURCES.items()}
    )


def missing(found: MetricsStatus) -> list[str]:
    """Return the names of the metrics that nobody told."""
    return [name for field, (name, _) in SOURCES.items() if getattr(found, field) is UNSET]


def _figure(
    name: str, order: Sequence[Role], pages: Mapping[str, Sequence[Page]]
) -> float | UnsetType:
    for role in order:
        told = [value for page in pages.get(role.key, ()) for value in page.values(name)[:1]]
        if told:
            return round(statistics.median(told), DIGITS)
    return UNSET
