"""What is read of one pod: the few figures an experiment needs, out of all that it serves.

Series of one name are added up whatever their labels say, but those of a gauge, whose mean counts;
errors are the requests whose `code` is 500 or more. A figure that a pod does not serve is absent,
which is not the same as zero.
"""

import math
from collections.abc import Iterator
from typing import Final

import attrs

from reconcilers.penin.api.evidence import MOST_BUCKETS
from reconcilers.penin.api.experiment import Primary
from reconcilers.penin.metrics.exposition import Page, is_figure

REQUESTS: Final = "http_requests_total"
DURATION: Final = "http_request_duration_seconds"


@attrs.frozen(kw_only=True)
class Reading:
    """The figures of one pod at one moment; counters since its start.

    One that could not be asked is not `served`: only its restarts are known, from the API server.
    """

    served: bool = True
    restarts: float = 0.0
    requests: float | None = None
    errors: float | None = None
    gauge: float | None = None
    count: float | None = None
    total: float | None = None
    timed: float | None = None
    bounds: tuple[float, ...] = ()
    buckets: tuple[float, ...] = ()


def reading(page: Page, primary: Primary, *, restarts: float = 0.0) -> Reading:
    """Pick what an experiment needs."""
    metric = primary.metric if isinstance(primary.metric, str) else ""
    requests, buckets = page.total(REQUESTS), _buckets(page)
    found = Reading(
        restarts=restarts,
        requests=requests,
        errors=None if requests is None else math.fsum(_errors(page)),
        timed=page.total(f"{DURATION}_count"),
        bounds=tuple(buckets),
        buckets=tuple(buckets.values()),
    )
    if primary.type == "histogram":
        total, count = page.total(f"{metric}_sum"), page.total(f"{metric}_count")
        return attrs.evolve(found, total=total, count=count)
    values = page.values(metric) if primary.type == "gauge" else []
    return attrs.evolve(found, gauge=math.fsum(values) / len(values)) if values else found


def _errors(page: Page) -> Iterator[float]:
    for sample in page.samples.get(REQUESTS, ()):
        if sample.labels.get("code", "").startswith("5") and is_figure(sample.value):
            yield sample.value


def _buckets(page: Page) -> dict[float, float]:
    """Return the requests in each finite bucket and all below it, by their upper bounds."""
    found: dict[float, float] = {}
    for sample in page.samples.get(f"{DURATION}_bucket", ()):
        bound = _number(sample.labels.get("le", ""))
        if math.isfinite(bound) and is_figure(sample.value):
            found[bound] = found.get(bound, 0.0) + sample.value
    return dict(sorted(found.items())[:MOST_BUCKETS])


def _number(text: str) -> float:
    """Read a bound; what is none is as if it were not served."""
    try:
        return float(text)
    except ValueError:
        return math.nan
