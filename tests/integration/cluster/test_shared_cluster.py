"""The cluster all integration tests share, as they see it."""


def test_namespace_exists_with_its_default_account(rest, namespace, kubectl):
    """A test's namespace is there, and kubectl sees the same server."""
    actual = rest.get(f"/api/v1/namespaces/{namespace}")

    assert actual["status"]["phase"] == "Active"
    assert kubectl("get", "namespace", namespace, "-o", "name") == f"namespace/{namespace}\n"


async def test_usable_from_async_tests(cluster, namespace):
    """Fixtures work for async tests as for plain ones."""
    assert cluster.server.startswith("https://")
    assert namespace
