"""Who tells which figures, with the labels that the scrape adds to them.

The manager's figures come by a ServiceMonitor, a PodMonitor or annotations; all of these add job,
namespace, pod and instance. Figures of clusters have `namespace` themselves, so the scrape has to
honour that (`honorLabels: true`), as for any exporter that tells of others' objects.
"""

from collections.abc import Iterable
from typing import Final

import attrs

from controller.runtime.obs.declared import Declared
from controller.runtime.obs.registry import RUNTIME
from reconcilers.penin import exported as penin
from reconcilers.vertice import exported as vertice

SCRAPED: Final = ("job", "instance", "namespace", "pod")


@attrs.frozen(kw_only=True)
class Source:
    """Some figures, the labels a scrape adds, and how a dashboard's variables choose among them."""

    declared: tuple[Declared, ...]
    scraped: tuple[str, ...] = SCRAPED
    matcher: str = ""

    @property
    def series(self) -> dict[str, tuple[str, ...]]:
        """What can be asked for, with all labels."""
        return {
            name: (*labels, *(each for each in self.scraped if each not in labels))
            for declared in self.declared
            for name, labels in declared.series.items()
        }


MANAGER: Final = Source(declared=RUNTIME, matcher='job=~"$job"')
CLUSTERS: Final = Source(
    declared=penin.OF_CLUSTERS, matcher='namespace=~"$namespace",name=~"$cluster"'
)
SERVICES: Final = Source(
    declared=penin.OF_SERVICES,
    scraped=("job", "instance", *penin.POD_LABELS),
    matcher='namespace=~"$namespace",cluster=~"$cluster"',
)
LEDGERS: Final = attrs.evolve(SERVICES, declared=penin.OF_LEDGERS)
SCALERS: Final = Source(
    declared=vertice.OF_SCALERS, matcher='namespace=~"$namespace",name=~"$scaler"'
)


def known(sources: Iterable[Source]) -> dict[str, tuple[str, ...]]:
    """Return all series of some sources."""
    return {name: labels for source in sources for name, labels in source.series.items()}


def matchers(sources: Iterable[Source]) -> dict[str, str]:
    """Return for each series what the variables of a dashboard choose it by."""
    return {name: source.matcher for source in sources for name in source.series}
