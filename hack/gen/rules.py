"""CEL rules find the schema node that carries them, and the lists they cost are bounded.

The API server estimates what a rule may cost at worst and refuses a CRD whose rules might cost too
much; a list or map without a limit counts as huge. So lists and maps inside a node that carries a
rule, and those on the way to it, get `LIMIT` unless the type gives its own. Strings are the
author's to bound, because cutting names or texts short is a decision; where a rule reads one of
many, the generator asks for it.

A rule that reads a field which may be absent fails for everybody who left it out; such a field has
to be asked for with `has()` or get a default. Defaults of whole objects are tried as they stand, so
those that a rule is about are written out.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from hack.gen.errors import GenerationError
from informers.meta.crd import Definition, Rule

Schema = dict[str, Any]

LIMIT: Final = 256
_RULES: Final = "x-kubernetes-validations"
_STEP: Final = re.compile(r"(?P<name>[^.\[\]{}]+)?(?P<brackets>(?:\[\]|\{\})*)")
_CHAIN: Final = re.compile(r"\bself((?:\.\w+)+)")
_DOWN: Final = {"[]": "items", "{}": "additionalProperties"}


def place(schema: Schema, definition: Definition) -> None:
    """Put every rule of the definition on its node of the schema, and bound what it costs."""
    for rule in definition.rules:
        way = list(_way(schema, definition, rule))
        node = way[-1]
        for passed in way:
            _bound(passed)
        for below in _below(node):
            _bound(below)
        _check_presence(node, definition, rule)
        _check_strings(node, definition, rule, many=any(_is_many(passed) for passed in way[:-1]))
        node.setdefault(_RULES, []).append(_validation(rule))
    _complete_defaults(schema)


def _complete_defaults(node: Schema) -> None:
    """Write out the defaults a rule is tried on: the API server does so before it fills them in.

    A default of `{}` would then fail every rule that reads a field below it.
    """
    if isinstance(node.get("default"), dict):
        node["default"] = _completed(node["default"], node, tried=False)
    children = (*node.get("properties", {}).values(), *(node.get(down) for down in _DOWN.values()))
    for child in children:
        if isinstance(child, dict):
            _complete_defaults(child)


def _completed(value: Schema, schema: Schema, *, tried: bool) -> Schema:
    """Return a default with those of its fields, from the first node on that carries a rule."""
    tried = tried or _RULES in schema
    found = dict(value)
    for name, field in schema.get("properties", {}).items():
        if name not in found and not (tried and "default" in field):
            continue
        own = found.get(name, field.get("default"))
        found[name] = _completed(own, field, tried=tried) if isinstance(own, dict) else own
    return found


def _validation(rule: Rule) -> dict[str, Any]:
    validation: dict[str, Any] = {"rule": rule.rule, "message": rule.message}
    if rule.field_path:
        validation["fieldPath"] = rule.field_path
    if rule.optional_old_self:
        validation["optionalOldSelf"] = True
    return validation


def _way(schema: Schema, definition: Definition, rule: Rule) -> Iterator[Schema]:
    """Every node from the root to the one the rule is for."""
    node = schema
    yield node
    for step in rule.path.split(".") if rule.path else ():
        match = _STEP.fullmatch(step)
        names = [match["name"], *re.findall(r"\[\]|\{\}", match["brackets"])] if match else [step]
        for name in names:
            found = node.get(_DOWN[name]) if name in _DOWN else node.get("properties", {}).get(name)
            if not isinstance(found, dict):
                known = [*node.get("properties", {}), *(k for k, v in _DOWN.items() if v in node)]
                raise GenerationError(
                    f"{definition.kind.kind}: rule {rule.rule!r}",
                    f"its path {rule.path!r} leads nowhere at {name!r}",
                    remedy=f"there is: {', '.join(known) or 'nothing below'}",
                )
            node = found
            yield node


def _below(node: Schema) -> Iterator[Schema]:
    """Every node under this one; a rule at the object itself is about its spec."""
    children = [*node.get("properties", {}).items()]
    children += [(down, node[down]) for down in _DOWN.values() if isinstance(node.get(down), dict)]
    for name, child in children:
        if name != "status":
            yield child
            yield from _below(child)


def _is_many(node: Schema) -> bool:
    return "items" in node or "additionalProperties" in node


def _bound(node: Schema) -> None:
    if "items" in node:
        node.setdefault("maxItems", LIMIT)
    if "additionalProperties" in node:
        node.setdefault("maxProperties", LIMIT)


def _check_presence(node: Schema, definition: Definition, rule: Rule) -> None:
    for chain in _CHAIN.findall(rule.rule):
        here, path = node, "self"
        for name in chain.split(".")[1:]:
            field = here.get("properties", {}).get(name)
            if field is None:
                break  # a method, or a key of a map
            path = f"{path}.{name}"
            is_there = name in here.get("required", ()) or "default" in field
            if not is_there and f"has({path})" not in rule.rule:
                raise GenerationError(
                    f"{definition.kind.kind}: rule {rule.rule!r}",
                    f"reads {path}, which may be absent",
                    remedy=f"begin with !has({path}) ||, or give the field a default",
                )
            here = field


def _check_strings(node: Schema, definition: Definition, rule: Rule, *, many: bool) -> None:
    """One string of three megabytes is affordable, two hundred are not."""
    for name, field in node.get("properties", {}).items():
        unbounded = field.get("type") == "string" and not field.keys() & {"maxLength", "enum"}
        if many and unbounded and re.search(rf"\b{re.escape(name)}\b", rule.rule):
            raise GenerationError(
                f"{definition.kind.kind}: rule {rule.rule!r}",
                f"reads the string {name!r} of many items, and it has no limit",
                remedy="give the field Meta(max_length=...): the API server bounds a rule's cost",
            )
    for child in [*node.get("properties", {}).values(), *(node.get(d) for d in _DOWN.values())]:
        if isinstance(child, dict):
            _check_strings(child, definition, rule, many=many or _is_many(node))
