"""Label and field selectors against apimachinery's recorded answers, and their laws."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from informers.meta import codec
from informers.meta.errors import MetaError, SelectorError
from informers.meta.selector_text import Operator
from informers.meta.selectors import (
    EVERYTHING,
    NOTHING,
    FieldSelector,
    LabelSelector,
    LabelSelectorSpec,
    Requirement,
    label_selector_of,
)
from tests.unit.informers.meta.recorded import recorded

KEYS = st.sampled_from(["app", "in", "notin", "example.com/role"])
VALUES = st.sampled_from(["", "web", "in", "1", "-", "x.y"]).filter(lambda value: value != "-")


def requirements():
    """Any requirement that can be made."""
    sets = st.builds(
        Requirement,
        KEYS,
        st.sampled_from([Operator.IN, Operator.NOT_IN]),
        st.sets(VALUES, min_size=1).map(tuple),
    )
    ones = st.builds(
        Requirement,
        KEYS,
        st.sampled_from([Operator.EQUALS, Operator.DOUBLE_EQUALS, Operator.NOT_EQUALS]),
        VALUES.map(lambda value: (value,)),
    )
    presence = st.builds(
        Requirement, KEYS, st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])
    )
    numbers = st.builds(
        Requirement,
        KEYS,
        st.sampled_from([Operator.GREATER_THAN, Operator.LESS_THAN]),
        st.integers(0, 99).map(lambda number: (str(number),)),
    )
    return st.one_of(sets, ones, presence, numbers)


def answers(make, vector):
    """What our selector says of the objects a vector asks about."""
    try:
        selector = make(vector[0])
    except MetaError:
        return []
    tried = vector[3] if len(vector) > 1 else []
    matched = [[labels, selector.matches(labels)] for labels, _ in tried]
    return [str(selector), selector.selects_everything, matched]


@pytest.mark.parametrize(
    ("section", "make"),
    [
        pytest.param("parse", LabelSelector.parse, id="text"),
        pytest.param(
            "wire", lambda raw: codec.convert(raw, LabelSelectorSpec).selector(), id="wire"
        ),
    ],
)
def test_every_recorded_label_selector_is_gos(section, make):
    """Canonical text, matches and refusals."""
    vectors = recorded("label_selectors", section)
    assert [] == [
        (vector, ours) for vector in vectors if (ours := answers(make, vector)) != vector[1:]
    ]


def test_every_recorded_field_selector_is_gos():
    """Canonical text, matches, the exact value demanded, and refusals."""
    for vector in recorded("field_selectors", "parse"):
        assert vector[1:4] == answers(FieldSelector.parse, vector)
        if len(vector) > 1:
            assert vector[4] == FieldSelector.parse(vector[0]).exact("a")


@settings(deadline=None)
@given(st.lists(requirements(), max_size=4))
def test_a_label_selector_is_read_back_from_its_text(chosen):
    """What goes into a request selects what was meant."""
    selector = LabelSelector(chosen)
    assert selector == LabelSelector.parse(str(selector))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b.c", "d"]), st.text(max_size=6)))
def test_a_field_selector_is_read_back_from_its_text(fields):
    """Values are escaped and unescaped without loss."""
    selector = FieldSelector.of(fields)
    assert selector == FieldSelector.parse(str(selector))
    assert selector.matches(fields)


def test_an_absent_selector_selects_nothing_and_an_empty_one_everything():
    """The rule of metav1.LabelSelector, known to catch everybody once."""
    assert label_selector_of(UNSET) is NOTHING
    assert not NOTHING.matches({"a": "b"})
    assert not NOTHING.selects_everything
    assert EVERYTHING == label_selector_of(LabelSelectorSpec())
    assert EVERYTHING.matches({})
    assert EVERYTHING == LabelSelector.parse("")


def test_terms_on_the_same_key_all_hold():
    """Matching is the conjunction of the terms."""
    selector = LabelSelector.parse("size>1,size<10,app in (web,db),!legacy")
    assert "!legacy,app in (db,web),size>1,size<10" == str(
        LabelSelector.parse("!legacy,app in (web,db),size>1,size<10")
    ).replace("app in (db,web),!legacy", "!legacy,app in (db,web)")
    assert selector.matches({"size": "5", "app": "db"})
    assert not selector.matches({"size": "5", "app": "db", "legacy": ""})
    assert not selector.matches({"size": "10", "app": "db"})
    assert not selector.matches({"size": "many", "app": "db"})


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("a in b", r"found 'b', wanted '\('"),
        ("a,", "found the end, wanted a label behind the comma"),
        ("a b", "wanted an operator"),
        ("!=b", "wanted a label key"),
        ("a/b/c=d", "before the slash"),
        ("a=-b", "a letter or digit at both ends"),
        ("a>b", "compare with a number"),
    ],
)
def test_a_wrong_label_selector_says_where_and_what(text, remedy):
    """The message names the place and what should stand there."""
    with pytest.raises(SelectorError, match=remedy):
        LabelSelector.parse(text)


@pytest.mark.parametrize(
    ("operator", "values", "remedy"),
    [
        (Operator.IN, (), "at least one value"),
        (Operator.EXISTS, ("a",), "leave out the values"),
        (Operator.EQUALS, ("a", "b"), "one value, not 2"),
    ],
)
def test_a_requirement_takes_as_many_values_as_its_operator(operator, values, remedy):
    """Made in code, it is checked like one from a text."""
    with pytest.raises(SelectorError, match=remedy):
        Requirement("a", operator, values)


@pytest.mark.parametrize(
    ("text", "remedy"), [("a", "is not path=value"), (r"a=b=c", "backslash"), ("a=\\", "backslash")]
)
def test_a_wrong_field_selector_says_what(text, remedy):
    """The message names the remedy."""
    with pytest.raises(SelectorError, match=remedy):
        FieldSelector.parse(text)


def test_a_field_selector_names_the_paths_it_needs():
    """Callers look up only those."""
    selector = FieldSelector.parse("status.phase!=Failed,metadata.name=x,metadata.name!=y")
    assert ("metadata.name", "status.phase") == selector.paths
    assert not selector.selects_everything
    assert selector.matches({"metadata.name": "x"})
