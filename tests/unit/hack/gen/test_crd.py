"""A CRD holds all versions of its kind, and only paths that lead somewhere."""

import attrs
import pytest

from hack.gen import crd
from hack.gen.errors import GenerationError
from informers.meta.crd import Column, Definition, Scale
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from tests.kit.widget.api import Widget, WidgetSpec, WidgetStatus
from tests.kit.widget.gadget import Gadget, OldGadget


def redefined(**changes):
    """Return a Widget type with parts of its definition changed."""

    class Changed(Widget, frozen=True, kw_only=True, rename="camel"):
        """A Widget with another definition."""

        definition = attrs.evolve(Widget.definition, **changes)

    return Changed


def test_names_scope_and_subresources_come_from_the_definition():
    """Singular and list kind are derived, the rest is as declared."""
    (definition,) = crd.definitions([Widget])
    spec = definition["spec"]

    assert definition["metadata"] == {"name": "widgets.test.pentad.dev"}
    assert spec["scope"] == "Namespaced"
    assert spec["names"] == {
        "kind": "Widget",
        "listKind": "WidgetList",
        "plural": "widgets",
        "singular": "widget",
        "shortNames": ["wd"],
        "categories": ["pentad-test"],
    }
    assert spec["versions"][0]["subresources"] == {"status": {}}


def test_given_names_win_over_derived_ones():
    """A kind whose names do not follow the rule gives its own."""
    (definition,) = crd.definitions([redefined(singular="one", list_kind="Many")])

    assert definition["spec"]["names"]["singular"] == "one"
    assert definition["spec"]["names"]["listKind"] == "Many"


def test_versions_of_a_kind_share_a_crd_oldest_first():
    """Registration order does not matter; one version is stored, an old one may be deprecated."""
    assert crd.definitions([Gadget, Widget, OldGadget]) == crd.definitions(
        [OldGadget, Gadget, Widget]
    )
    gadgets, widgets = crd.definitions([Gadget, Widget, OldGadget])
    versions = gadgets["spec"]["versions"]

    assert widgets["spec"]["names"]["kind"] == "Widget"
    assert [("v1alpha1", False), ("v1beta1", True)] == [(v["name"], v["storage"]) for v in versions]
    assert versions[0]["deprecated"]
    assert "use v1beta1" in versions[0]["deprecationWarning"]
    assert gadgets["spec"]["scope"] == "Cluster"


def test_an_age_column_follows_the_declared_ones():
    """Own columns replace the server's default one, which everybody misses then."""
    names = [column.name for column in crd.columns_of(Widget.definition)]

    assert ["Size", "Colour", "Ready", "Children", "Age"] == names


def test_an_own_age_column_is_not_doubled():
    """Who declares Age knows where it belongs."""
    definition = redefined(columns=(crd.AGE, Column(name="Size", path=".spec.size"))).definition

    assert definition.columns == crd.columns_of(definition)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            {"columns": (Column(name="Bad", path=".spec.sise"),)}, "has no 'sise'", id="column"
        ),
        pytest.param({"scale": Scale()}, "scale reads", id="scale"),
        pytest.param({"status": False}, "disagree", id="status-subresource"),
        pytest.param({"storage": False}, "0 of its versions are stored", id="none-stored"),
        pytest.param(
            {"kind": Kind("test.pentad.dev", "one", "Widget", "widgets")},
            "not an API version",
            id="version",
        ),
    ],
)
def test_a_definition_that_cannot_work_is_refused(changes, problem):
    """Mistakes that the API server would accept or explain badly are found here."""
    with pytest.raises(GenerationError, match=problem):
        crd.definitions([redefined(**changes)])


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        pytest.param({"storage": False}, "one version has two types", id="same-version-twice"),
        pytest.param({}, "2 of its versions are stored", id="both-stored"),
        pytest.param(
            {
                "storage": False,
                "kind": Kind("test.pentad.dev", "v1beta1", "Widget", "widgets", namespaced=False),
            },
            "disagree about the kind's name or scope",
            id="other-scope",
        ),
    ],
)
def test_versions_that_contradict_each_other_are_refused(other, problem):
    """One version is stored, each is there once, and all have the same scope."""
    with pytest.raises(GenerationError, match=problem):
        crd.definitions([Widget, redefined(**other)])


def test_columns_may_read_what_has_no_schema():
    """Below free-form objects every path is possible."""

    class Free(Resource, frozen=True, kw_only=True, rename="camel"):
        """A kind."""

        definition = Definition(
            kind=Kind("test.pentad.dev", "v1", "Free", "frees"),
            columns=(
                Column(name="Label", path=".spec.labels.tier"),
                Column(name="Name", path=".metadata.name"),
            ),
        )
        spec: WidgetSpec
        """What is wanted."""
        status: WidgetStatus = WidgetStatus()
        """What was found."""

    (definition,) = crd.definitions([Free])

    assert len(definition["spec"]["versions"][0]["additionalPrinterColumns"]) == 3
