"""How a figure becomes a metric family of prometheus_client, in one line each."""

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

PREFIX: Final = "pentad_"
Values = Iterable[tuple[tuple[str, ...], float]]


def counter(name: str, text: str, labels: Sequence[str], values: Values) -> Metric:
    """A number that only grows; Prometheus appends `_total`."""
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def gauge(name: str, text: str, labels: Sequence[str], values: Values) -> Metric:
    """A number that goes up and down."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def histogram(
    name: str,
    text: str,
    labels: Sequence[str],
    bounds: Sequence[float],
    values: Iterable[tuple[tuple[str, ...], Sequence[int], float]],
) -> Metric:
    """Durations; `values` are label values, counts per bucket (the last above all) and the sum."""
    family = HistogramMetricFamily(PREFIX + name, text, labels=labels)
    names = (*map(str, bounds), "+Inf")
    for label_values, counts, total in values:
        so_far, buckets = 0, []
        for bound, count in zip(names, counts, strict=True):
            so_far += count
            buckets.append((bound, float(so_far)))
        family.add_metric(label_values, buckets, total)
    return family
