"""Dashboards of Grafana: rows of panels in, its JSON out.

A panel's queries are plain PromQL; the matchers of the dashboard's variables are added to every
series. A panel that may rightly be empty says why: the test that runs every query accepts no other.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

import attrs

from hack.gen.errors import GenerationError
from hack.gen.observability import promql
from hack.gen.observability.sources import Source, known, matchers

EMPTY: Final = "May be empty: "
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_LEGEND: Final = re.compile(r"{{\s*(\w+)\s*}}")
_COLUMNS: Final = 24
_HEIGHT: Final = 7
_SCHEMA: Final = 39


@attrs.frozen(kw_only=True)
class Query:
    """One line, or one for each value of the labels in its legend."""

    expr: str
    legend: str


@attrs.frozen(kw_only=True)
class Panel:
    """One picture; `empty` says why it may rightly show nothing."""

    title: str
    text: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Literal["timeseries", "stat"] = "timeseries"
    width: int = 8
    empty: str = ""


@attrs.frozen(kw_only=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...]


@attrs.frozen(kw_only=True)
class Variable:
    """A choice at the top of a dashboard: the values of a label of a series."""

    name: str
    label: str
    series: str


@attrs.frozen(kw_only=True)
class Dashboard:
    """A whole page; `unshown` names the figures that have no panel, each with the reason."""

    name: str
    title: str
    sources: tuple[Source, ...]
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    unshown: dict[str, str]

    def json(self, *, description: str) -> str:
        """Return what Grafana imports, every name looked up.

        Raises:
            GenerationError: If a panel names what nobody tells, or a figure has no panel.
        """
        self._check_complete()
        page = {
            "description": description,
            "title": self.title,
            "uid": self.name,
            "tags": ["pentad"],
            "schemaVersion": _SCHEMA,
            "editable": True,
            "refresh": "30s",
            "time": {"from": "now-6h", "to": "now"},
            "templating": {"list": [_datasource(), *self._variables()]},
            "panels": list(self._panels()),
        }
        return json.dumps(page, indent=2, ensure_ascii=False) + "\n"

    def _check_complete(self) -> None:
        names = known(self.sources)
        shown = {
            name
            for row in self.rows
            for panel in row.panels
            for query in panel.queries
            for name in promql.series(query.expr, names)
        }
        figures = {each.name: set(each.series) for s in self.sources for each in s.declared}
        absent = {name for name, series in figures.items() if not series & shown}
        if forgotten := sorted(absent - self.unshown.keys()):
            raise GenerationError(
                self.name,
                f"{', '.join(forgotten)} without a panel",
                remedy="give each one, or name it in `unshown` with the reason",
            )
        if needless := sorted(self.unshown.keys() - absent):
            raise GenerationError(
                self.name,
                f"{needless[0]!r} is excused and needs no excuse",
                remedy="take it out of `unshown`",
            )

    def _variables(self) -> Iterator[dict[str, Any]]:
        names = known(self.sources)
        for variable in self.variables:
            promql.series(variable.series, names)
            query = f"label_values({variable.series}, {variable.label})"
            yield {
                "name": variable.name,
                "type": "query",
                "datasource": SOURCE,
                "definition": query,
                "query": {"query": query, "refId": variable.name},
                "refresh": 2,
                "includeAll": True,
                "multi": True,
                "allValue": ".*",
                "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
                "sort": 1,
            }

    def _panels(self) -> Iterator[dict[str, Any]]:
        number, y = 0, 0
        for row in self.rows:
            number += 1
            yield _place(number, 0, y, _COLUMNS, 1) | {
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "panels": [],
            }
            x, y = 0, y + 1
            for panel in row.panels:
                if x + panel.width > _COLUMNS:
                    x, y = 0, y + _HEIGHT
                number += 1
                yield _place(number, x, y, panel.width, _HEIGHT) | self._panel(panel)
                x += panel.width
            y += _HEIGHT

    def _panel(self, panel: Panel) -> dict[str, Any]:
        names, chosen = known(self.sources), matchers(self.sources)
        for query in panel.queries:
            left = promql.output_labels(query.expr, names)
            for label in _LEGEND.findall(query.legend):
                if label not in left:
                    raise GenerationError(
                        f"panel {panel.title!r}",
                        f"its result has no label {label!r}",
                        remedy=f"it has {', '.join(sorted(left))}",
                    )
        return {
            "type": panel.kind,
            "title": panel.title,
            "description": f"{panel.text} {EMPTY}{panel.empty}" if panel.empty else panel.text,
            "datasource": SOURCE,
            "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
            "options": _OPTIONS[panel.kind],
            "targets": [
                {
                    "refId": chr(ord("A") + at),
                    "datasource": SOURCE,
                    "expr": promql.select(query.expr, chosen),
                    "legendFormat": query.legend,
                    "range": True,
                }
                for at, query in enumerate(panel.queries)
            ],
        }


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value_and_name",
    },
}


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "refresh": 1}


def _place(number: int, x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return {"id": number, "gridPos": {"x": x, "y": y, "w": width, "h": height}}


def quantiles(name: str, *labels: str) -> tuple[Query, ...]:
    """Return the median and the 99th percentile of a histogram, for each value of some labels."""
    by = ", ".join((*labels, "le"))
    legend = " ".join(f"{{{{{label}}}}}" for label in labels)
    return tuple(
        Query(
            expr=f"histogram_quantile({share}, "
            f"sum by ({by}) (rate({name}_bucket[$__rate_interval])))",
            legend=f"{legend} {title}".strip(),
        )
        for share, title in (("0.5", "median"), ("0.99", "p99"))
    )


def rates(name: str, *labels: str, legend: str = "") -> Query:
    """Return how often a counter counts per second, for each value of some labels."""
    by = f" by ({', '.join(labels)})" if labels else ""
    values = " ".join(f"{{{{{label}}}}}" for label in labels)
    return Query(
        expr=f"sum{by} (rate({name}[$__rate_interval]))", legend=f"{values} {legend}".strip()
    )


def levels(name: str, *labels: str, legend: str = "", of: str = "max") -> Query:
    """Return a gauge for each value of some labels; of replicas that tell the same, the largest."""
    by = f" by ({', '.join(labels)})" if labels else ""
    values = " ".join(f"{{{{{label}}}}}" for label in labels)
    return Query(expr=f"{of}{by} ({name})", legend=f"{values} {legend}".strip())
