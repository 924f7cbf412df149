"""How values become a metric family of prometheus_client, by their declaration."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.obs.declared import Declared, Told, Values


def told(declared: Declared, values: Values) -> Metric:
    """Tell a counter or a gauge; `values` are label values, in the declared order, and a number."""
    kind = CounterMetricFamily if declared.type == "counter" else GaugeMetricFamily
    family = kind(declared.name, declared.help, labels=declared.labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def told_once(declared: Declared, value: float) -> Metric:
    """Tell what has no labels."""
    return told(declared, [((), value)])


def spread(
    declared: Declared,
    bounds: Sequence[float],
    values: Iterable[tuple[tuple[str, ...], Sequence[int], float]],
) -> Metric:
    """Tell durations; `values` are label values, counts (the last above all bounds), the sum."""
    family = HistogramMetricFamily(declared.name, declared.help, labels=declared.labels)
    names = (*map(str, bounds), "+Inf")
    for label_values, counts, total in values:
        so_far, buckets = 0, []
        for bound, count in zip(names, counts, strict=True):
            so_far += count
            buckets.append((bound, float(so_far)))
        family.add_metric(label_values, buckets, total)
    return family


class FamilyCollector(Collector):
    """The figures of one product family."""

    def __init__(self, read: Callable[[], Told]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Read them once."""
        for declared, values in self._read():
            yield told(declared, values)
