"""What every test may use; see tests/kit."""

pytest_plugins = ("tests.kit.cluster",)
