"""The files of `manifests/observability`: dashboards and rules, and what applies them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from hack.gen.emitter import emit
from hack.gen.observability.alert import RUNBOOKS, check_runbooks
from hack.gen.observability.manager_alerts import MANAGER_RULES
from hack.gen.observability.manager_dashboard import MANAGER_DASHBOARD
from hack.gen.observability.penin_alerts import PENIN_RULES
from hack.gen.observability.penin_dashboard import PENIN_DASHBOARD
from hack.gen.observability.scaler_alerts import SCALER_RULES
from hack.gen.observability.scaler_dashboard import SCALER_DASHBOARD

DASHBOARDS: Final = (MANAGER_DASHBOARD, PENIN_DASHBOARD, SCALER_DASHBOARD)
RULES: Final = (MANAGER_RULES, PENIN_RULES, SCALER_RULES)
_KUSTOMIZATION: Final = {
    "apiVersion": "kustomize.config.k8s.io/v1beta1",
    "kind": "Kustomization",
}
_TABLES: Final = "the tables in hack/gen/observability"


def files(*, root: Path, mark: str) -> dict[str, str]:
    """Return every file by its path in the folder; refuse alerts that the runbook page lacks."""
    check_runbooks(RULES, (root / RUNBOOKS).read_text())
    header = f"{mark} from {_TABLES}; do not edit."
    found = {f"dashboards/{each.name}.json": each.json(description=header) for each in DASHBOARDS}
    for each in RULES:
        found[f"rules/{each.name}.yaml"] = emit([each.prometheus_rule()], header=header)
        found[f"rules/{each.name}.rules.yaml"] = emit([{"groups": each.groups()}], header=header)
    found["dashboards/kustomization.yaml"] = emit([_config_maps()], header=header)
    found["rules/kustomization.yaml"] = emit(
        [_resources([f"{each.name}.yaml" for each in RULES])], header=header
    )
    found["kustomization.yaml"] = emit([_resources(["dashboards", "rules"])], header=header)
    return found


def _resources(names: Sequence[str]) -> dict[str, Any]:
    return _KUSTOMIZATION | {"resources": list(names)}


def _config_maps() -> dict[str, Any]:
    """Return ConfigMaps as Grafana's sidecar finds them, made from the files when applied."""
    return _KUSTOMIZATION | {
        "generatorOptions": {
            "disableNameSuffixHash": True,
            "labels": {"grafana_dashboard": "1"},
            "annotations": {"grafana_folder": "Pentad"},
        },
        "configMapGenerator": [
            {"name": f"dashboard-{each.name}", "files": [f"{each.name}.json"]}
            for each in DASHBOARDS
        ],
    }
