"""What types and fields say about themselves: class docstrings and the strings below fields.

Python keeps class docstrings and forgets the strings below fields, so those are read from the
source once per class. Text is unwrapped: a description is read in `kubectl explain` and on a web
page, both of which wrap by themselves.
"""

import ast
import functools
import inspect
import itertools
import re
import textwrap


def unwrap(text: str) -> str:
    """Join the lines of each paragraph; paragraphs stay apart."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def class_text(cls: type) -> str:
    """Return the docstring of the class itself, never an inherited one."""
    return unwrap(cls.__dict__.get("__doc__") or "")


def declaring_class(cls: type, field: str) -> type:
    """Return the class, this one or the nearest base, that declares the field."""
    return next((owner for owner in cls.__mro__ if field in _annotated(owner)), cls)


def field_text(cls: type, field: str) -> str:
    """Return the string below the field where it is declared."""
    return _field_texts(declaring_class(cls, field)).get(field, "")


def _annotated(cls: type) -> dict[str, object]:
    return inspect.get_annotations(cls)


@functools.cache
def _field_texts(cls: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except (OSError, TypeError):
        return {}  # made at run time: such a class documents its fields by Meta(description=...)
    (declaration,) = ast.parse(source).body
    if not isinstance(declaration, ast.ClassDef):
        return {}
    body = declaration.body
    return {
        field.target.id: unwrap(below.value.value)
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
