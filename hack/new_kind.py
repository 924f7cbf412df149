"""`python -m hack.new_kind FAMILY KIND [--group G]`: everything a new kind needs, ready to run.

A kind of an existing family takes ten new files and two edited ones (its types join the family's
API module, its registration the family's `family.py`); the first kind of a new family makes those
two and their packages as well, and a line in `controller/families.py`. What comes out is complete:
it passes every check, its tests pass, its controller works; then its author replaces the one field
of the spec by the real ones. CRD, roles and reference page are generated from it at the end.

Nothing that exists is overwritten.
"""

import argparse
import ast
import builtins
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from pathlib import Path
from string import Template
from typing import Final

import attrs

from controller.families import FAMILIES
from controller.runtime.registration import Family
from informers.meta.names import dns1123_subdomain

ROOT: Final = Path(__file__).resolve().parents[1]
TEMPLATES: Final = ROOT / "hack" / "scaffold"
VERSION: Final = "v1alpha1"

OURS: Final = frozenset({"Family", "ControllerSpec", "Permission"})
"""What a family's registration imports beside its kinds; types of one letter are type variables."""

FAMILY_FILES: Final = {
    "reconcilers/$family/__init__.py": "family_package.py",
    "reconcilers/$family/api/__init__.py": "api_package.py",
    "reconcilers/$family/api/$version.py": "api.py",
    "reconcilers/$family/family.py": "family.py",
}
KIND_FILES: Final = {
    "reconcilers/$family/$module/__init__.py": "kind_package.py",
    "reconcilers/$family/$module/desired.py": "desired.py",
    "reconcilers/$family/$module/status.py": "status.py",
    "reconcilers/$family/$module/reconciler.py": "reconciler.py",
    "tests/unit/reconcilers/$family/$module/test_api.py": "test_api.py",
    "tests/unit/reconcilers/$family/$module/test_desired.py": "test_desired.py",
    "tests/unit/reconcilers/$family/$module/test_status.py": "test_status.py",
    "tests/integration/$family/test_$module.py": "test_integration.py",
    "manifests/samples/$family/$module.yaml": "sample.yaml",
    "docs/changelog.d/$family-$name.added.md": "fragment.md",
}
_TYPE_IMPORTS: Final = """
from typing import Annotated, ClassVar, Final
from msgspec import UNSET, Meta, Struct, UnsetType
from informers.meta.conditions import Condition
from informers.meta.crd import Column, Definition, map_list
from informers.meta.kinds import Kind
from informers.meta.object import Resource
"""
_REGISTRATION_IMPORTS: Final = """
from controller.runtime.registration import ControllerSpec, Family, Permission
from informers.meta.builtin import CONFIG_MAP
from reconcilers.$family.$module import reconciler as $module
from reconcilers.$family.api.$version import $Kind
"""
_REGISTRATION: Final = {
    "kinds": "$Kind",
    "controllers": "ControllerSpec(name=$module.NAME, set_up=$module.set_up)",
    "permissions": 'Permission.own(CONFIG_MAP, reason="A $Kind owns a ConfigMap.")',
}

_NEXT: Final = """
It works as it is. Next:
1. The types: reconcilers/$family/api/$version.py, then `make generate`.
2. What follows from them: desired.py, status.py and reconciler.py in reconcilers/$family/$module.
3. The permissions they need: reconcilers/$family/family.py, then `make generate`.
4. What users see first: manifests/samples/$family/$module.yaml and
   docs/changelog.d/$family-$name.added.md.
5. `make check`, and the tests of the kind:
   .venv/bin/python -m pytest tests/unit/reconcilers/$family/$module \\
     tests/integration/$family/test_$module.py"""


class ScaffoldError(Exception):
    """The kind cannot be made; the message says what to do."""


@attrs.frozen(kw_only=True)
class Names:
    """The forms one name takes."""

    family: str
    kind: str
    group: str
    plural: str

    def __attrs_post_init__(self) -> None:
        """Refuse names that would only fail later, as object or module names."""
        for value, pattern, what in (
            (self.family, r"[a-z][a-z0-9]*", "a family is one lower-case word, as in omnitide"),
            (self.kind, r"(?:[A-Z][a-z0-9]*)+", "a kind is in CamelCase, as in FleetPolicy"),
            (self.group, r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", "a group is a domain, as in omnitide.io"),
            (self.plural, r"[a-z][a-z0-9]*", "a plural is one lower-case word"),
        ):
            if not re.fullmatch(pattern, value):
                raise ScaffoldError(f"{value!r} will not do: {what}")
        if problems := dns1123_subdomain(self.group):
            raise ScaffoldError(f"{self.group!r} will not do: a group {' and '.join(problems)}")
        for value in (self.family, self.kind, self.words()["module"]):
            if iskeyword(value) or (value == self.kind and hasattr(builtins, value)):
                raise ScaffoldError(f"{value!r} will not do: Python has another meaning for it")
        if self.kind in OURS or len(self.kind) == 1:
            raise ScaffoldError(f"{self.kind!r} will not do: what is made has that name itself")

    def words(self) -> dict[str, str]:
        """Return what stands for what in the templates."""
        module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.kind).lower()
        return {
            "family": self.family,
            "group": self.group,
            "version": VERSION,
            "Kind": self.kind,
            "CONST": module.upper(),
            "module": module,
            "name": module.replace("_", "-"),
            "plural": self.plural,
        }


def plural_of(word: str) -> str:
    """Return the regular plural of a lower-case word."""
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(?:s|x|z|ch|sh)$", word) else f"{word}s"


def group_of(family: str, *, families: Sequence[Family] = FAMILIES) -> str:
    """Return the group a kind has unless told: a family's kinds share one, so that users find them.

    Only a new family has none yet, and a name made from its own.
    """
    found = [kind for each in families if each.name == family for kind in each.kinds]
    groups = sorted({kind.definition.kind.group for kind in found})
    if len(groups) > 1:
        raise ScaffoldError(f"kinds of {family} are in {', '.join(groups)}: choose with --group")
    return groups[0] if groups else f"{family}.io"


def scaffold(names: Names, *, root: Path) -> list[Path]:
    """Write and edit the files of a kind; return all that were touched."""
    words = names.words()
    is_first = not (root / f"reconcilers/{names.family}/family.py").exists()
    touched = _write(KIND_FILES | FAMILY_FILES if is_first else KIND_FILES, words, root=root)
    if is_first:
        touched.append(_register_family(names.family, root=root))
    touched.append(_add_types(words, root=root))
    touched.append(_register_kind(words, root=root))
    return list(dict.fromkeys(touched))


def _write(files: Mapping[str, str], words: Mapping[str, str], *, root: Path) -> list[Path]:
    places = {root / Template(path).substitute(words): source for path, source in files.items()}
    if taken := [str(place.relative_to(root)) for place in places if place.exists()]:
        more, them = "", "it"
        if len(taken) > 1:
            more, them = f", and {len(taken) - 1} more of its files", "them"
        raise ScaffoldError(
            f"there is {taken[0]} already{more}: choose another name, or delete {them} first"
        )
    for place, source in places.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_template(f"{source}.tmpl", words))
    return list(places)


def _template(name: str, words: Mapping[str, str]) -> str:
    return Template((TEMPLATES / name).read_text()).substitute(words)


def _add_types(words: Mapping[str, str], *, root: Path) -> Path:
    place = root / f"reconcilers/{words['family']}/api/{VERSION}.py"
    text = with_imports(place.read_text(), _TYPE_IMPORTS)
    place.write_text(text.rstrip() + "\n" + _template("types.py.tmpl", words))
    return place


def _register_kind(words: Mapping[str, str], *, root: Path) -> Path:
    place = root / f"reconcilers/{words['family']}/family.py"
    text = place.read_text()
    for keyword, item in _REGISTRATION.items():
        text = with_item(text, "Family", keyword, Template(item).substitute(words))
    place.write_text(with_imports(text, Template(_REGISTRATION_IMPORTS).substitute(words)))
    return place


def _register_family(family: str, *, root: Path) -> Path:
    place = root / "controller/families.py"
    text = place.read_text()
    declared = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.AnnAssign) and _source(text, node.target) == "FAMILIES"
    )
    assert isinstance(declared, ast.Tuple), "FAMILIES is a tuple of families"
    items = [_source(text, item) for item in declared.elts]
    text = _replaced(text, declared, f"({', '.join([*items, family.upper()])},)")
    imports = f"from reconcilers.{family}.family import FAMILY as {family.upper()}\n"
    place.write_text(with_imports(text, imports))
    return place


def with_imports(text: str, imports: str) -> str:
    """Return the module with these imports after its last one, or after its docstring."""
    last = max(
        (node.end_lineno or node.lineno)
        for index, node in enumerate(ast.parse(text).body)
        if index == 0 or isinstance(node, ast.Import | ast.ImportFrom)
    )
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:last], "\n", imports.lstrip(), *lines[last:]])


def with_item(text: str, call: str, keyword: str, item: str) -> str:
    """Return the module with one more item in the tuple that the call gets by keyword."""
    found = next(
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == call
    )
    value = next((entry.value for entry in found.keywords if entry.arg == keyword), None)
    if value is None:
        start = _source(text, found)[:-1].rstrip().rstrip(",")
        return _replaced(text, found, f"{start}, {keyword}=({item},))")
    if not isinstance(value, ast.Tuple):
        raise ScaffoldError(f"{keyword} of {call} is no tuple: add {item} by hand")
    items = [_source(text, entry) for entry in value.elts]
    if item in items:
        return text
    return _replaced(text, value, f"({', '.join([*items, item])},)")


def _source(text: str, node: ast.expr) -> str:
    return ast.get_source_segment(text, node) or ""


def _replaced(text: str, node: ast.expr, new: str) -> str:
    lines = text.splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    return text[:start] + new + text[start + len(_source(text, node)) :]


def next_steps(names: Names) -> str:
    """Return what the author of the kind does now, in order."""
    return Template(_NEXT).substitute(names.words())


def main(arguments: Sequence[str]) -> int:
    """Make a kind and generate what follows from it."""
    parser = argparse.ArgumentParser(prog="python -m hack.new_kind", description=__doc__)
    parser.add_argument("family", help="one lower-case word, as in omnitide")
    parser.add_argument("kind", help="CamelCase, as in FleetPolicy")
    parser.add_argument(
        "--group",
        help="the API group; unless given, that of the family's kinds, or FAMILY.io for a new one",
    )
    parser.add_argument("--plural", help="the resource name; the kind's plural unless given")
    options = parser.parse_args(arguments)
    try:
        names = Names(
            family=options.family,
            kind=options.kind,
            group=options.group or group_of(options.family),
            plural=options.plural or plural_of(options.kind.lower()),
        )
        touched = scaffold(names, root=ROOT)
    except ScaffoldError as error:
        print(f"cannot make the kind: {error}", file=sys.stderr)
        return 1
    python = [str(path) for path in touched if path.suffix == ".py"]
    for command in (
        ["ruff", "check", "--quiet", "--fix", "--select", "I,F401", *python],
        ["ruff", "format", "--quiet", *python],
        ["hack.gen", "generate"],
    ):
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
        if done.returncode:
            name = " ".join(command[:2])
            print(f"{name} failed with what was made; `git status` shows it", file=sys.stderr)
            return done.returncode
    for path in touched:
        print(path.relative_to(ROOT))
    print(next_steps(names))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
