"""The scaffold edits files as a person would and overwrites nothing."""

import ast
import re

import attrs
import pytest

from hack import new_kind
from hack.new_kind import (
    Names,
    ScaffoldError,
    group_of,
    plural_of,
    scaffold,
    with_imports,
    with_item,
)
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.family import FAMILY as PENIN
from tests.kit.widget.family import WIDGET_FAMILY

FLEET = Names(family="omnitide", kind="Fleet", group="omnitide.io", plural="fleets")


@pytest.fixture
def root(tmp_path):
    """Return a tree with nothing in it but the list of families."""
    families = new_kind.ROOT / "controller/families.py"
    (tmp_path / "controller").mkdir()
    (tmp_path / "controller/families.py").write_text(families.read_text())
    return tmp_path


def test_the_first_kind_makes_its_family(root):
    """Package, API module, registration and the line in families.py come with it."""
    touched = {str(path.relative_to(root)) for path in scaffold(FLEET, root=root)}

    assert len(touched) == len(new_kind.KIND_FILES) + len(new_kind.FAMILY_FILES) + 1
    assert "controller/families.py" in touched
    assert "FAMILY as OMNITIDE" in (root / "controller/families.py").read_text()
    for path in touched:
        if path.endswith(".py"):
            ast.parse((root / path).read_text())


def test_a_further_kind_is_ten_new_files_and_two_edits(root):
    """The budget of a kind: its types and its registration join files that are there."""
    scaffold(FLEET, root=root)
    before = {path for path in root.rglob("*") if path.is_file()}

    silo = Names(family="omnitide", kind="Silo", group="omnitide.io", plural="silos")
    touched = scaffold(silo, root=root)

    assert len(set(touched) - before) == 10
    assert {"v1alpha1.py", "family.py"} == {path.name for path in set(touched) & before}


def test_the_next_steps_name_files_that_are_there(root):
    """What is to be filled in, what to run, and nothing that the scaffold did not make."""
    scaffold(FLEET, root=root)

    steps = new_kind.next_steps(FLEET)

    named = re.findall(r"(?:reconcilers|manifests|docs|tests)/[\w./-]*\w", steps)
    assert [True] * 7 == [(root / path).exists() for path in named]
    assert "make generate" in steps


def test_nothing_is_overwritten(root):
    """A kind that is there is refused before anything is written."""
    scaffold(FLEET, root=root)
    before = {path: path.read_text() for path in root.rglob("*") if path.is_file()}

    with pytest.raises(
        ScaffoldError, match=r"there is \S+/fleet/__init__\.py already, and 9 more of its files: "
    ):
        scaffold(FLEET, root=root)

    assert before == {path: path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        pytest.param({"family": "Omni-Tide"}, "one lower-case word", id="family"),
        pytest.param({"kind": "fleet_policy"}, "CamelCase", id="kind"),
        pytest.param({"group": "omnitide"}, "a domain", id="group"),
        pytest.param({"plural": "Fleets"}, "lower-case", id="plural"),
        pytest.param({"group": "omnitide.-"}, "labels of only a-z", id="part of a group"),
        pytest.param(
            {"family": "import"},
            "'import' will not do: Python has another meaning",
            id="a family's keyword",
        ),
        pytest.param(
            {"kind": "None"}, "'None' will not do: Python has another meaning", id="a constant"
        ),
        pytest.param(
            {"kind": "Class"},
            "'class' will not do: Python has another meaning",
            id="a module's keyword",
        ),
        pytest.param({"kind": "Warning"}, "Python has another meaning", id="a built-in class"),
        pytest.param({"kind": "Family"}, "has that name itself", id="a name of the scaffold"),
        pytest.param({"kind": "I"}, "has that name itself", id="a type variable"),
    ],
)
def test_bad_names_are_refused_with_an_example(changes, advice):
    """A name that would fail later in a cluster fails here."""
    names = {"family": "omnitide", "kind": "Fleet", "group": "omnitide.io", "plural": "fleets"}

    with pytest.raises(ScaffoldError, match=advice):
        Names(**{**names, **changes})


def test_a_kind_has_a_name_for_every_place():
    """Module, constant and object names follow from CamelCase."""
    words = Names(family="a", kind="PeninOmegaV2", group="a.io", plural="p").words()

    assert words["module"] == "penin_omega_v2"
    assert words["CONST"] == "PENIN_OMEGA_V2"
    assert words["name"] == "penin-omega-v2"


@pytest.mark.parametrize(
    ("word", "plural"),
    [("fleet", "fleets"), ("policy", "policies"), ("gateway", "gateways"), ("mesh", "meshes")],
)
def test_plurals_are_regular(word, plural):
    """What is irregular is given by --plural."""
    assert plural == plural_of(word)


def test_a_further_kind_is_in_the_group_of_its_family():
    """Whatever the family is called; a name is made from that only for the first kind."""
    empty = attrs.evolve(PENIN, kinds=())

    assert PENIN_OMEGA_CLUSTER.group == group_of("penin")
    assert "omnitide.io" == group_of("omnitide")
    assert "penin.io" == group_of("penin", families=[empty])


def test_a_family_with_two_groups_is_asked_for_one():
    """Neither is guessed."""
    mixed = attrs.evolve(PENIN, kinds=(*PENIN.kinds, *WIDGET_FAMILY.kinds))

    with pytest.raises(ScaffoldError, match=r"penin\.ai.*choose with --group"):
        group_of("penin", families=[mixed])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("F(kinds=())", "F(kinds=(A,))", id="empty"),
        pytest.param("F(kinds=(B,), x=1)", "F(kinds=(B, A,), x=1)", id="one-more"),
        pytest.param("F(name='n')", "F(name='n', kinds=(A,))", id="keyword-missing"),
        pytest.param("F(kinds=(A,))", "F(kinds=(A,))", id="there-already"),
    ],
)
def test_an_item_joins_the_tuple_of_a_call(text, expected):
    """Only the tuple changes; the rest of the module stays as its author wrote it."""
    assert expected == with_item(text, "F", "kinds", "A")


def test_an_item_cannot_join_what_is_no_tuple():
    """A registration somebody computes is left to them."""
    with pytest.raises(ScaffoldError, match="add A by hand"):
        with_item("F(kinds=KINDS)", "F", "kinds", "A")


def test_imports_follow_the_last_import():
    """New imports stand below the old ones, or below the docstring."""
    assert with_imports('"""Doc."""\n', "import a\n") == '"""Doc."""\n\nimport a\n'
    assert with_imports('"""Doc."""\nimport b\nX = 1\n', "import a\n") == (
        '"""Doc."""\nimport b\n\nimport a\nX = 1\n'
    )
