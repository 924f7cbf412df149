"""What every test may use; see tests/kit.

Hypothesis keeps no time limit per example: a machine that is busy would fail tests for it.
"""

from hypothesis import settings

settings.register_profile("pentad", deadline=None, print_blob=True, database=None)
settings.load_profile("pentad")

pytest_plugins = (
    "tests.kit.cluster",
    "tests.kit.adapter",
    "tests.kit.node",
    "tests.kit.prometheus",
)
