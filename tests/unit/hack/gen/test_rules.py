"""CEL rules stand on the node they are about, and what they cost is bounded."""

from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from hack.gen import rules
from hack.gen.errors import GenerationError
from hack.gen.schema import schema_of
from informers.meta.crd import Definition, Rule
from informers.meta.kinds import Kind
from informers.meta.object import Resource


class Limits(Struct, frozen=True, kw_only=True):
    """Two limits."""

    low: int = 1
    """The lower one."""
    high: int = 9
    """The upper one."""


KIND = Kind("test.pentad.dev", "v1", "Made", "mades")


class Part(Struct, frozen=True, kw_only=True):
    """A part."""

    name: str = "x"
    """Its name."""
    code: Annotated[str, Meta(max_length=9)] = "x"
    """Its code."""


class Spec(Struct, frozen=True, kw_only=True):
    """What is wanted."""

    parts: tuple[Part, ...] = ()
    """Parts."""
    shards: dict[str, Part] = {}
    """Shards."""
    tags: Annotated[tuple[str, ...], Meta(max_length=3)] = ()
    """Tags."""
    title: str = "t"
    """Title."""
    limits: Limits = Limits()
    """Limits."""


class Status(Struct, frozen=True, kw_only=True):
    """What was found."""

    parts: tuple[Part, ...] = ()
    """Parts."""


class Made(Resource, frozen=True, kw_only=True):
    """A kind."""

    spec: Spec = Spec()
    """What is wanted."""
    status: Status = Status()
    """What was found."""


def placed(*declared: Rule) -> dict[str, Any]:
    """Return the schema of Made with these rules in place."""
    schema = schema_of(Made)
    rules.place(schema, Definition(kind=KIND, rules=declared))
    return schema


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        pytest.param("", (), id="the-object"),
        pytest.param("spec", ("properties", "spec"), id="a-field"),
        pytest.param(
            "spec.parts[]", ("properties", "spec", "properties", "parts", "items"), id="each-item"
        ),
        pytest.param(
            "spec.shards{}.code",
            (
                *("properties", "spec", "properties", "shards", "additionalProperties"),
                *("properties", "code"),
            ),
            id="below-each-value",
        ),
    ],
)
def test_a_rule_stands_at_its_path(path, keys):
    """The dotted path with [] and {} leads to the node that carries the rule."""
    rule = Rule(path=path, rule="true", message="m", field_path=".f", optional_old_self=True)
    node = placed(rule)
    for key in keys:
        node = node[key]

    expected = {"rule": "true", "message": "m", "fieldPath": ".f", "optionalOldSelf": True}
    assert [expected] == node["x-kubernetes-validations"]


def test_lists_and_maps_a_rule_may_visit_are_bounded():
    """Below a rule, own limits stay, others are set; the status of a rule at the object is not."""
    fields = placed(Rule(rule="true", message="m"))["properties"]
    spec = fields["spec"]["properties"]

    assert rules.LIMIT == spec["parts"]["maxItems"] == spec["shards"]["maxProperties"]
    assert spec["tags"]["maxItems"] == 3
    assert "maxItems" not in fields["status"]["properties"]["parts"]


def test_lists_on_the_way_to_a_rule_are_bounded():
    """A rule on each item runs as often as there are items."""
    spec = placed(Rule(path="spec.parts[].code", rule="true", message="m"))["properties"]["spec"]

    assert rules.LIMIT == spec["properties"]["parts"]["maxItems"]
    assert "maxProperties" not in spec["properties"]["shards"]


def test_without_rules_nothing_is_bounded():
    """Limits are for the cost of rules only."""
    assert schema_of(Made) == placed()


@pytest.mark.parametrize(
    ("path", "known"),
    [
        pytest.param("spec.prats", "parts, shards, tags, title", id="misspelt"),
        pytest.param("spec.parts.name", "[]", id="brackets-forgotten"),
        pytest.param("spec.title[]", "nothing below", id="not-a-list"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path, known):
    """The error shows what there is instead."""
    with pytest.raises(GenerationError, match="leads nowhere") as refusal:
        placed(Rule(path=path, rule="true", message="m"))

    assert known in refusal.value.remedy


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(Rule(path="spec.parts[]", rule="self.name != 'x'", message="m"), id="item"),
        pytest.param(
            Rule(
                path="spec",
                rule="!has(self.parts) || self.parts.all(p, p.name != 'x')",
                message="m",
            ),
            id="inside",
        ),
    ],
)
def test_a_long_string_of_many_items_must_be_limited_by_its_type(rule):
    """The generator does not cut texts short on its own; it asks for a limit."""
    with pytest.raises(GenerationError, match=r"'name' of many items.*max_length"):
        placed(rule)


def test_one_long_string_is_affordable():
    """A string that is there once, or has its limit, needs nothing."""
    placed(
        Rule(path="spec", rule="self.title != 'x'", message="m"),
        Rule(path="spec.parts[]", rule="self.code != 'x'", message="m"),
    )


@pytest.mark.parametrize(
    ("path", "rule", "field"),
    [
        pytest.param("spec", "size(self.parts) < 3", "self.parts", id="at-the-node"),
        pytest.param("", "self.spec.parts.all(p, true)", "self.spec.parts", id="deeper"),
    ],
)
def test_a_rule_must_ask_for_what_may_be_absent(path, rule, field):
    """Empty defaults are not stored, so a rule that reads such a field would fail without it."""
    with pytest.raises(GenerationError, match=f"reads {field}, which may be absent.*!has"):
        placed(Rule(path=path, rule=rule, message="m"))
    placed(Rule(path=path, rule=f"!has({field}) || ({rule})", message="m"))


ORDERED = "self.low <= self.high"


def test_a_default_that_a_rule_is_tried_on_is_written_out():
    """The API server tries rules on a default as it stands, before it fills in what is missing."""
    schema = placed(Rule(path="spec.limits", rule=ORDERED, message="upside down"))

    assert {"low": 1, "high": 9} == schema["properties"]["spec"]["properties"]["limits"]["default"]


def test_a_rule_further_up_sees_all_below_it():
    """Its own default is written out to the leaves."""
    rule = "self.limits.low <= self.limits.high"
    schema = placed(Rule(path="spec", rule=rule, message="upside down"))

    assert {"low": 1, "high": 9} == schema["properties"]["spec"]["default"]["limits"]


def test_other_defaults_stay_short():
    """What no rule reads says no more than that the fields below have theirs."""
    assert {} == placed()["properties"]["spec"]["properties"]["limits"]["default"]
