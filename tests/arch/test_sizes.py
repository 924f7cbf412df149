"""Files and functions stay small enough to be read at once."""

import textwrap
from typing import Final

from tests.arch.source import ROOT, Source, all_lines, sources

FILE_LINES: Final = 400
FUNCTION_LINES: Final = 50
TEST_LINES: Final = 60
FAMILY_LINES: Final = 120


def test_files_are_short():
    """No Python file is longer than 400 lines, no family.py longer than 120."""
    too_long = [
        f"{source.name}: {lines} lines"
        for source in sources()
        for lines in (source.text.count("\n"),)
        if lines > (FAMILY_LINES if source.path.name == "family.py" else FILE_LINES)
    ]

    assert [] == too_long, "\n".join(too_long)


def test_functions_are_short():
    """No function has more than 50 lines of code, no test more than 60."""
    too_long = [
        f"{source.at(function)} {function.name}: {source.code_length(function)} lines of code"
        for source in sources()
        for limit in (TEST_LINES if source.is_test else FUNCTION_LINES,)
        for function in source.functions()
        if all_lines(function) > limit  # counting the lines of code is slow, and rarely needed
        and source.code_length(function) > limit
    ]

    assert [] == too_long, "\n".join(too_long)


def test_only_code_counts():
    """Comments, blank lines and docstrings are free; a continued line counts as often as it is."""
    text = textwrap.dedent(
        '''
        def f(
            a,
        ):
            """One.

            Two.
            """
            # why

            x = """a
            b"""
            return x
        '''
    )
    source = Source(ROOT / "made.py", text)
    (function,) = source.functions()

    assert source.code_length(function) == 6
