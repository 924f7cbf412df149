"""Patches lead from what was sent to what was decided, and touch nothing else."""

import copy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.webhook.patch import Edit, difference, is_same, pointer, transplanted

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text(alphabet="ab/~", max_size=2)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet="ab/~", max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)
mappings = st.dictionaries(st.text(alphabet="ab/~", max_size=2), values, max_size=5)


def patched(document, edits):
    """Apply a patch by the letter of RFC 6902."""
    document = copy.deepcopy(document)
    for edit in edits:
        steps = [s.replace("~1", "/").replace("~0", "~") for s in edit.path.split("/")[1:]]
        place = document
        for step in steps[:-1]:
            place = place[int(step)] if isinstance(place, list) else place[step]
        last = int(steps[-1]) if isinstance(place, list) else steps[-1]
        if edit.op == "add" and isinstance(place, list):
            assert 0 <= last <= len(place)
            place.insert(last, edit.value)
        elif edit.op == "remove":
            del place[last]
        else:
            assert edit.op == "add" or isinstance(place, list) or last in place
            place[last] = edit.value
    return document


@given(mappings, mappings)
def test_a_patch_leads_to_its_goal(before, after):
    """Applied to the one it gives the other, whatever the two are."""
    assert is_same(after, patched(before, difference(before, after)))


@given(mappings)
def test_what_is_equal_needs_no_patch(document):
    """No change, no operation."""
    assert [] == difference(document, copy.deepcopy(document))


@given(mappings, mappings)
def test_a_change_carries_over_exactly_to_what_equals_its_beginning(before, after):
    """Transplanted to where it came from, a change is itself."""
    assert is_same(after, transplanted(before, before, after))


@pytest.mark.parametrize(
    ("before", "after", "edits"),
    [
        pytest.param({"a": 1}, {"a": True}, [("replace", "/a", True)], id="one-is-not-true"),
        pytest.param({}, {"a/b~": 1}, [("add", "/a~1b~0", 1)], id="escapes"),
        pytest.param({"a": [1, 2, 3]}, {"a": [1, 3]}, [("remove", "/a/1")], id="from-the-middle"),
        pytest.param({"a": [1, 3]}, {"a": [1, 2, 3]}, [("add", "/a/1", 2)], id="into-the-middle"),
        pytest.param(
            {"a": [{"n": "x", "v": 1}, {"n": "y", "v": 2}]},
            {"a": [{"n": "x", "v": 1}, {"n": "y", "v": 3}]},
            [("replace", "/a/1/v", 3)],
            id="deep",
        ),
        pytest.param(
            {"a": {"b": 1, "c": 2, "d": 3}},
            {"a": {"e": 4}},
            [("replace", "/a", {"e": 4})],
            id="whole-where-shorter",
        ),
    ],
)
def test_patches_are_short(before, after, edits):
    """One small change is one small operation."""
    assert edits == [
        (edit.op, edit.path) if edit.value is msgspec.UNSET else (edit.op, edit.path, edit.value)
        for edit in difference(before, after)
    ]


@pytest.mark.parametrize(
    ("sent", "before", "after", "result"),
    [
        pytest.param(
            {"x": 1, "a": 1}, {"a": 1, "d": 0}, {"a": 2, "d": 0}, {"x": 1, "a": 2}, id="unknown"
        ),
        pytest.param({}, {"m": {}}, {"m": {"k": "v"}}, {"m": {"k": "v"}}, id="into-a-default"),
        pytest.param(
            {}, {"m": {"a": 1}}, {"m": {"a": 1, "b": 2}}, {"m": {"a": 1, "b": 2}}, id="of"
        ),
        pytest.param({"a": 1, "x": 2}, {"a": 1}, {}, {"x": 2}, id="removed"),
        pytest.param(
            {"l": [{"name": "p", "x": 1, "v": 1}, {"name": "q", "x": 2}]},
            {"l": [{"name": "p", "v": 1}, {"name": "q"}]},
            {"l": [{"name": "p", "v": 2}, {"name": "r"}]},
            {"l": [{"name": "p", "x": 1, "v": 2}, {"name": "r"}]},
            id="entries-by-name",
        ),
        pytest.param({"s": ["b", "a"]}, {"s": ["a", "b"]}, {"s": ["b"]}, {"s": ["b"]}, id="a-set"),
        pytest.param(
            {"q": ["1000m"]}, {"q": ["1"]}, {"q": ["1", "2"]}, {"q": ["1", "2"]}, id="form"
        ),
        pytest.param({"q": "1000m"}, {"q": "1"}, {"q": "1"}, {"q": "1000m"}, id="unchanged-form"),
    ],
)
def test_what_the_type_does_not_know_stays(sent, before, after, result):
    """Only what changed between the typed states changes in what was sent."""
    assert result == transplanted(sent, before, after)


def test_a_pointer_escapes_its_steps():
    """Annotations have slashes in their names."""
    assert "/metadata/annotations/a.b~1c~0d/0" == pointer("metadata", "annotations", "a.b/c~d", 0)
    assert "add" == Edit(op="add", path="").op
