"""The generated parts of the Helm chart: what it shares with other manifests, and its values.

The templates are written by hand and read these files: CRDs as they are, rules and webhooks of all
families as data. So there is one source, and nothing in a description can be taken for a template.
Names that depend on the release stand there as `@NAME@` and `@NAMESPACE@`.
"""

from pathlib import Path
from typing import Any, Final

import yaml

from controller.runtime import permissions
from controller.runtime.permissions import Installation
from controller.runtime.registration import Family, Permission
from hack.gen import crd, rbac, webhook
from hack.gen.docs import table
from hack.gen.emitter import emit

CHART: Final = Path(__file__).resolve().parents[2] / "manifests/chart/pentad"
RELEASE: Final = Installation(name="@NAME@", namespace="@NAMESPACE@")


def files(families: tuple[Family, ...], *, mark: str) -> dict[str, str]:
    """Return the generated files of the chart by path."""
    header = f"{mark}; do not edit."
    found = {"files/grants.yaml": emit([grants(families)], header=header)}
    for family in families:
        for definition in crd.definitions(family.kinds):
            name = f"files/crds/{family.name}/{definition['metadata']['name']}.yaml"
            found[name] = emit([definition], header=header)
    text = (CHART / "values.yaml").read_text()
    page = mark.rpartition(" from ")[0] + " from values.yaml; do not edit."
    found["README.md"] = f"<!-- {page} -->\n\n{readme(text)}"
    return found


def grants(families: tuple[Family, ...]) -> dict[str, Any]:
    """Return what the templates make roles and webhook configurations of."""
    return {
        "runtime": _rules(permissions.EVERYWHERE),
        "runtimePerNamespace": _rules(permissions.EVERYWHERE, is_namespaced=True),
        "election": _rules(permissions.election(RELEASE)),
        "certificates": _rules(permissions.certificates(RELEASE)),
        "webhooks": _rules(permissions.webhooks(RELEASE)),
        "metricsAuth": _rules(permissions.METRICS_AUTH),
        "families": {family.name: _of_family(family) for family in families},
    }


def _of_family(family: Family) -> dict[str, Any]:
    view, edit = rbac.user_roles(family, at=RELEASE)
    granted = rbac.family_permissions(family)
    hooks = {each["kind"]: each["webhooks"] for each in webhook.configurations([family], RELEASE)}
    return {
        "rules": _rules(granted),
        "perNamespace": _rules(granted, is_namespaced=True),
        "view": view["rules"],
        "edit": edit["rules"],
        "lent": {role.name: rbac.rules(role.permissions) for role in family.lent},
        "mutating": hooks.get("MutatingWebhookConfiguration", []),
        "validating": hooks.get("ValidatingWebhookConfiguration", []),
    }


def _rules(granted: tuple[Permission, ...], *, is_namespaced: bool = False) -> list[Any]:
    return rbac.rules([each for each in granted if each.namespaced or not is_namespaced])


def readme(text: str) -> str:
    """Return the chart's page: the text above its values, then a table of them."""
    rows = [(f"`{path}`", _shown(default), said) for path, default, said in values(text)]
    head = "# The chart\n\n" + _INTRODUCTION
    return f"{head}\n## Values\n\n{table(('Value', 'Default', 'What it is'), rows)}\n"


_INTRODUCTION: Final = """\
    helm install pentad manifests/chart/pentad --namespace pentad-system --create-namespace

installs the manager with every family. One family alone, beside whatever else there is:

    helm install penin-operator manifests/chart/pentad --namespace penin-system \\
        --create-namespace --set 'families={penin}'

[Installing](../../../docs/guide/installing.md) tells what upgrades do, how CRDs are kept, and in
which order to uninstall. With its defaults the chart makes what `manifests/install/pentad` has.
"""


def values(text: str) -> list[tuple[str, Any, str]]:
    """Return path, default and comment of every value that has a comment, in their order."""
    lines = text.splitlines()
    found: list[tuple[str, Any, str]] = []

    def walk(node: yaml.MappingNode, path: str) -> None:
        for key, value in node.value:
            full = f"{path}{key.value}"
            said = _comment_above(lines, key.start_mark.line)
            if said:
                found.append((full, _plain(value), said))
            if isinstance(value, yaml.MappingNode):
                walk(value, f"{full}.")

    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(tree, yaml.MappingNode):
        walk(tree, "")
    return found


def _plain(node: yaml.Node) -> Any:  # noqa: ANN401 - any YAML value
    return yaml.safe_load(yaml.serialize(node, Dumper=yaml.SafeDumper))


def _comment_above(lines: list[str], line: int) -> str:
    said: list[str] = []
    while line and lines[line - 1].strip().startswith("# "):
        line -= 1
        said.insert(0, lines[line].strip()[2:])
    return " ".join(said)


def _shown(default: Any) -> str:  # noqa: ANN401 - any YAML value
    text = yaml.safe_dump(default, default_flow_style=True, width=10_000)
    return f"`{text.strip().removesuffix('...').strip()}`"
