"""Alerts: data in, rule files out. Each leads to its section of the runbook page, which is there.

`rules/NAME.yaml` is a PrometheusRule, for the operator of Prometheus; `rules/NAME.rules.yaml` the
same groups as Prometheus and promtool read them.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, Literal

import attrs

from hack.gen.errors import GenerationError
from hack.gen.observability import promql
from hack.gen.observability.sources import Source, known

RUNBOOKS: Final = "docs/guide/alerts.md"
_TEMPLATE: Final = re.compile(r"\$labels\.(\w+)")
_PARTS: Final = ("**Means.**", "**Do.**")
_SECTION: Final = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@attrs.frozen(kw_only=True)
class Alert:
    """One alert; `summary` and `description` may say `{{ $labels.x }}` of labels that are left."""

    name: str
    expr: str
    wait: str
    severity: Literal["critical", "warning", "info"]
    summary: str
    description: str


@attrs.frozen(kw_only=True)
class Rules:
    """The alerts of one file."""

    name: str
    sources: tuple[Source, ...]
    alerts: tuple[Alert, ...]

    def groups(self) -> list[dict[str, Any]]:
        """Return them as Prometheus reads them, every name looked up."""
        names = known(self.sources)
        return [{"name": self.name, "rules": [_rule(alert, names) for alert in self.alerts]}]

    def prometheus_rule(self) -> dict[str, Any]:
        """Return them as an object of the Prometheus operator."""
        return {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {
                "name": self.name,
                "labels": {"app.kubernetes.io/part-of": "pentad"},
            },
            "spec": {"groups": self.groups()},
        }


def _rule(alert: Alert, names: promql.Series) -> dict[str, Any]:
    promql.series(alert.expr, names)
    left = promql.output_labels(alert.expr, names)
    for label in _TEMPLATE.findall(alert.summary + alert.description):
        if label not in left:
            problem = f"its text speaks of {label!r}, which its result does not have"
            raise GenerationError(alert.name, problem, remedy=f"it has {', '.join(sorted(left))}")
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.wait,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{RUNBOOKS}#{alert.name.lower()}",
        },
    }


def check_runbooks(rules: Sequence[Rules], page: str) -> None:
    """Refuse a page that lacks the section of an alert, or has one of an alert that is not there.

    Raises:
        GenerationError: With what is missing.
    """
    sections = dict(_SECTION.findall(page))
    names = {alert.name for each in rules for alert in each.alerts}
    for name in sorted(names):
        missing = [part for part in _PARTS if part not in sections.get(name, "")]
        if missing:
            raise GenerationError(
                RUNBOOKS, f"says nothing of {name}", remedy=f"add it, with {' and '.join(missing)}"
            )
    if extra := sorted(sections.keys() - names):
        raise GenerationError(
            RUNBOOKS, f"there is no alert {extra[0]}", remedy="remove its section"
        )
