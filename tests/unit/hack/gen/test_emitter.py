"""YAML written by hand is YAML that every reader understands the same."""

import hypothesis
import pytest
import yaml
from hypothesis import strategies

from hack.gen.emitter import Commented, emit

VALUES = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats(allow_nan=False, allow_infinity=False)
    | strategies.text()
    | strategies.sampled_from(
        ["yes", "null", "1e3", "0o7", "a: b", "- x", "a #b", "x:", "2001-01-01"]
    )
    | strategies.from_regex(r"\A[a-z ]*\n?\n?[a-z :#]*\Z"),
    lambda inner: (
        strategies.lists(inner, max_size=4)
        | strategies.dictionaries(strategies.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@hypothesis.given(VALUES)
@hypothesis.settings(max_examples=100, deadline=None, print_blob=True, database=None)
def test_a_reader_gets_back_what_was_written(value):
    """Whatever JSON goes in, a YAML reader gets the same out."""
    assert value == yaml.safe_load(emit([value]))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"a": [{"b": 1, "c": []}]}, "a:\n  - b: 1\n    c: []\n", id="lists-indented"),
        pytest.param({"a": "1"}, 'a: "1"\n', id="text-that-looks-like-a-number"),
        pytest.param({"a": "on"}, 'a: "on"\n', id="text-that-looks-like-a-boolean"),
        pytest.param({"a": "x\n\ny"}, "a: |-\n  x\n\n  y\n", id="paragraphs-as-block"),
        pytest.param([[1, 2], []], "- - 1\n  - 2\n- []\n", id="lists-of-lists"),
        pytest.param({"a": [Commented("why", {"b": 1})]}, "a:\n  # why\n  - b: 1\n", id="comment"),
    ],
)
def test_the_style_is_plain_and_fixed(value, expected):
    """The same data always gives the same bytes, in block style."""
    assert expected == emit([value])


def test_documents_are_separated_and_headed():
    """The header is a comment on top; documents are separated by a line."""
    text = emit([{"a": 1}, {"b": 2}], header="one\ntwo")

    assert text == "# one\n# two\na: 1\n---\nb: 2\n"
    assert [{"a": 1}, {"b": 2}] == list(yaml.safe_load_all(text))
