"""The generated parts of the chart, and that values, their schema and their table agree."""

import json

import pytest
import yaml

from hack.gen import chart, installs
from tests.kit.widget.family import WIDGET_FAMILY

VALUES = yaml.safe_load((chart.CHART / "values.yaml").read_text())
SCHEMA = json.loads((chart.CHART / "values.schema.json").read_text())
CHART = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())


def paths(values, schema, path=""):
    """Yield the path of each value that the schema has fields for, or that is a leaf."""
    for name, value in values.items():
        known = schema.get("properties", {}).get(name, {})
        if isinstance(value, dict) and value and known.get("properties") and path != "resources":
            yield from paths(value, known, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def fields(schema, path=""):
    """Yield the path of each field of the schema."""
    for name, known in schema.get("properties", {}).items():
        if known.get("properties") and name not in {"resources", "issuerRef"}:
            yield from fields(known, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def test_every_value_is_explained():
    """What can be set has a comment, which becomes its line of the table."""
    told = {path for path, _, _ in chart.values((chart.CHART / "values.yaml").read_text())}

    assert set(fields(SCHEMA)) - {"global"} == told


def test_the_schema_knows_every_value():
    """A value that the schema does not know would be refused."""
    assert {path for path in fields(SCHEMA) if path != "global"} == {
        path.partition("resources.")[0] + "resources" if "resources." in path else path
        for path in paths(VALUES, SCHEMA)
    }


def test_a_chart_belongs_to_one_version():
    """The chart, the manager in it and this project have one number."""
    assert {installs.version()} == {CHART["version"], CHART["appVersion"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One.\na: 1\n", [("a", 1, "One.")]),
        ("# One,\n# and more.\na: []\n", [("a", [], "One, and more.")]),
        ("a:\n  # Two.\n  b: x\nc: 1\n", [("a.b", "x", "Two.")]),
        ("# Apart.\n\na: 1\n", []),
        ("", []),
    ],
    ids=["one line", "two lines", "nested", "not above it", "nothing"],
)
def test_comments_above_values_are_what_they_are(text, expected):
    """The table of values comes from the comments right above them."""
    assert expected == chart.values(text)


def test_families_bring_their_parts():
    """Grants have the rules, roles of people and webhooks of each family, with open names."""
    (name, family), *others = chart.grants((WIDGET_FAMILY,))["families"].items()

    assert ("widget", []) == (name, others)
    services = {
        hook["clientConfig"]["service"]["name"]
        for hook in (*family["mutating"], *family["validating"])
    }
    assert {"@NAME@-webhook"} == services
    assert len(family["perNamespace"]) <= len(family["rules"])


def test_generated_files_have_the_crds_of_each_family():
    """A release of one family finds its CRDs by the family's name."""
    files = chart.files((WIDGET_FAMILY,), mark="MADE from here")

    assert "files/crds/widget/widgets.test.pentad.dev.yaml" in files
    assert files["files/grants.yaml"].startswith("# MADE from here; do not edit.\n")
    assert files["README.md"].startswith("<!-- MADE from values.yaml; do not edit. -->\n")
