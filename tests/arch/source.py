"""The tree's Python files, parsed once, with the measures the architecture tests need.

A line counts as code when a token other than a comment stands on it; docstrings do not count. So a
limit on code lines never tempts anyone to write fewer comments.
"""

import ast
import functools
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]
SHIPPED: Final = ("informers", "controller", "reconcilers")
FOLDERS: Final = (*SHIPPED, "hack", "tests")

Function = ast.FunctionDef | ast.AsyncFunctionDef
_NOT_CODE: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
)


@attrs.frozen(eq=False)
class Source:
    """One file."""

    path: Path
    text: str

    @classmethod
    def of(cls, path: Path) -> "Source":
        """Read the file."""
        return cls(path, path.read_text())

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, filename=str(self.path))

    @functools.cached_property
    def code_lines(self) -> frozenset[int]:
        """Numbers of the lines that hold code."""
        lines: set[int] = set()
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type not in _NOT_CODE:
                lines.update(range(token.start[0], token.end[0] + 1))
        for node in ast.walk(self.tree):
            lines.difference_update(docstring_lines(node))
        return frozenset(lines)

    def functions(self) -> Iterator[Function]:
        """Every function, methods and nested ones included."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def code_length(self, function: Function) -> int:
        """How many lines of code a function has, its signature included."""
        last = function.end_lineno or function.lineno
        return len(self.code_lines.intersection(range(function.lineno, last + 1)))

    def at(self, node: ast.AST | int) -> str:
        """A place in the file, as editors open it."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.name}:{line}"

    @property
    def name(self) -> str:
        """The path from the root."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def is_test(self) -> bool:
        """Whether it lies below tests/."""
        return self.name.startswith("tests/")


def all_lines(function: Function) -> int:
    """How many lines a function has, whatever stands on them."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def docstring_lines(node: ast.AST) -> range:
    """The lines of a node's docstring; of a field's, too, as that is a string alone."""
    match node:
        case ast.Expr(value=ast.Constant(value=str()), lineno=first, end_lineno=last):
            return range(first, (last or first) + 1)
    return range(0)


@functools.cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the tree."""
    return tuple(
        Source.of(path)
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "__pycache__" not in path.parts
    )


def every_test() -> Iterator[tuple[Source, Function]]:
    """Every test function."""
    for source in sources():
        if source.is_test and source.path.name.startswith("test_"):
            for function in source.functions():
                if function.name.startswith("test_"):
                    yield source, function
