"""Reference pages show all a user can write, in words of the types."""

import pytest

from hack.gen import docs
from hack.gen.sample import sample_of
from tests.kit.widget.api import Widget
from tests.kit.widget.family import WIDGET_FAMILY
from tests.kit.widget.gadget import Gadget, OldGadget


def test_a_kind_page_names_every_part_of_the_kind():
    """Identity, example, a table for each object inside, rules with messages, columns."""
    page = docs.kind_page(Widget)

    assert page.startswith("# Widget\n\n`test.pentad.dev/v1alpha1` · namespaced")
    for part in ("## Example", "## `spec`", "## `spec.items[]`", "## `status.conditions[]`"):
        assert f"\n{part}\n" in page
    assert "| `size` | integer, **required** |  | ≥ 0 | How big the Widget is to be. |" in page
    assert "labels that start with test.pentad.dev/ belong to the controller" in page
    assert "| Children *(wide)* | `.status.readyChildren` |" in page


@pytest.mark.parametrize(
    "row",
    [
        pytest.param('| `memory` | quantity | `"256Mi"` |', id="quantity"),
        pytest.param("| `target` | integer or string |", id="int-or-string"),
        pytest.param("| `window` | list of integer |  | exactly 2 items |", id="fixed-length"),
        pytest.param("| > 0, ≤ 1 |", id="exclusive-bound"),
        pytest.param("| `tags` | list of string |  | ≤ 256 items; no duplicates; each", id="set"),
        pytest.param("| `template` | any object |", id="free-form"),
        pytest.param("| `shards` | map of object |", id="map"),
        pytest.param("one of `careful`, `fast`", id="choices"),
        pytest.param("## `spec.shards{}`", id="objects-in-a-map"),
    ],
)
def test_every_shape_of_field_has_its_words(row):
    """Types and limits are written as people say them."""
    assert row in docs.kind_page(Gadget)


def test_a_deprecated_version_says_so():
    """The page of an old version leads to the new one."""
    assert "**Deprecated.** test.pentad.dev/v1alpha1 Gadget is" in docs.kind_page(OldGadget)


def test_tables_keep_their_columns_whatever_the_text():
    """Pipes are escaped, and a column that is empty everywhere is left out."""
    expected = "| A | C |\n| --- | --- |\n| x\\|y | 1 |\n|  | 2 |"

    assert expected == docs.table(("A", "B", "C"), [("x|y", "", "1"), ("", "", "2")])


def test_the_index_leads_to_every_page():
    """Each version of each kind has a line; without families the page says so."""
    page = docs.index_page([WIDGET_FAMILY])

    for type_ in WIDGET_FAMILY.kinds:
        assert f"({docs.page_name(type_)})" in page
    assert "No family is registered yet." in docs.index_page([])


def test_permissions_are_listed_with_reasons():
    """Every grant of runtime and families stands on one page."""
    page = docs.permissions_page([WIDGET_FAMILY], runtime=True)

    assert "| `configmaps` | get, list, watch, create, patch, delete | A Widget owns" in page
    assert "`leases.coordination.k8s.io` named `pentad`" in page
    assert "`tokenreviews.authentication.k8s.io` *cluster*" in page
    assert "| `widgets.test.pentad.dev/status` | patch |" in page


def test_a_sample_shows_what_is_required_defaulted_or_exemplified():
    """The object at the top of a page is small and complete."""
    assert {
        "apiVersion": "test.pentad.dev/v1beta1",
        "kind": "Gadget",
        "metadata": {"name": "my-gadget"},
        "spec": {
            "from": "origin",
            "mode": "careful",
            "shade": "light",
            "replicas": 1,
            "window": [8, 18],
            "ports": [{"name": "http", "port": 1}],
            "limits": {"memory": "512Mi", "ratio": 0.5},
        },
    } == sample_of(Gadget)
