"""Where the configuration comes from and what a Connection makes of it."""

import os

import pytest

from informers.connection import Connection, connect
from informers.errors import ConfigError
from tests.unit.informers.connection_world import kubeconfig, pod


async def test_an_explicit_kubeconfig_beats_everything_else(tmp_path):
    """A kubeconfig that is named is used, whatever KUBECONFIG and the pod say."""
    named = kubeconfig(tmp_path / "named", name="named")
    other = kubeconfig(tmp_path / "other", name="other")
    environ = {**pod(tmp_path / "account"), "KUBECONFIG": str(other), "HOME": str(tmp_path)}

    found = await connect(kubeconfig=named, environ=environ, service_account=tmp_path / "account")

    assert "named" == found.context


async def test_kubeconfig_from_the_environment_beats_the_pod(tmp_path):
    """KUBECONFIG is asked before the pod's service account."""
    environ = {
        **pod(tmp_path / "account"),
        "KUBECONFIG": str(kubeconfig(tmp_path / "env", name="env")),
        "HOME": str(tmp_path),
    }

    found = await connect(environ=environ, service_account=tmp_path / "account")

    assert "env" == found.context


async def test_the_pod_beats_the_home_directory(tmp_path):
    """In a pod its service account is used, with its namespace, token and authority."""
    kubeconfig(tmp_path / ".kube" / "config", name="home")
    environ = {**pod(tmp_path / "account"), "HOME": str(tmp_path)}

    found = await connect(environ=environ, service_account=tmp_path / "account")

    assert ("in-cluster", "pods", "https://10.0.0.1:443") == (
        found.context,
        found.namespace,
        found.server,
    )
    assert "Bearer pod-token" == found.headers()["Authorization"]
    assert found.ssl_context is not None


@pytest.mark.parametrize(
    "choice",
    [{"in_cluster": False}, {"context": "home"}],
    ids=["told not to", "a context is named"],
)
async def test_the_pod_is_passed_over(tmp_path, choice):
    """A pod's account is not used when forbidden, nor when a context is asked for by name."""
    kubeconfig(tmp_path / ".kube" / "config", name="home")
    environ = {**pod(tmp_path / "account"), "HOME": str(tmp_path)}

    found = await connect(environ=environ, service_account=tmp_path / "account", **choice)

    assert "home" == found.context


async def test_an_ipv6_service_address_is_bracketed(tmp_path):
    """The API server's address in a pod may be IPv6."""
    environ = {**pod(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1"}

    found = await connect(environ=environ, service_account=tmp_path, in_cluster=True)

    assert "https://[fd00::1]:443" == found.server


async def test_pod_namespace_of_the_environment_wins(tmp_path):
    """POD_NAMESPACE, set by the downward API, beats the mounted file."""
    environ = {**pod(tmp_path), "POD_NAMESPACE": "downward"}

    found = await connect(environ=environ, service_account=tmp_path)

    assert "downward" == found.namespace


async def test_no_configuration_at_all_says_where_it_looked(tmp_path):
    """With nothing to go by, one line names every place and the remedy."""
    with pytest.raises(ConfigError, match=r"KUBECONFIG is not set.*--kubeconfig") as caught:
        await connect(environ={"HOME": str(tmp_path)}, service_account=tmp_path)

    assert "\n" not in str(caught.value)


async def test_several_files_are_merged_and_the_first_wins(tmp_path):
    """Of several files the first to set a thing wins, current-context included."""
    first = kubeconfig(tmp_path / "first", name="one", user={"token": "first"})
    second = kubeconfig(
        tmp_path / "second",
        name="two",
        users=[
            {"name": "one", "user": {"token": "second"}},
            {"name": "two", "user": {"token": "two"}},
        ],
    )
    environ = {"KUBECONFIG": os.pathsep.join([str(first), str(tmp_path / "gone"), str(second)])}

    found = await connect(environ=environ)
    other = await connect(environ=environ, context="two")

    assert ("one", "Bearer first") == (found.context, found.headers()["Authorization"])
    assert "Bearer two" == other.headers()["Authorization"]


async def test_each_relative_path_counts_from_its_own_file(tmp_path):
    """A cluster and a user of different files find their files beside them."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "token").write_text("beside b\n".replace(" ", "-"))
    clusters = kubeconfig(tmp_path / "a" / "config", users=[])
    users = kubeconfig(tmp_path / "b" / "config", user={"tokenFile": "token"}, clusters=[])
    environ = {"KUBECONFIG": os.pathsep.join([str(clusters), str(users)])}

    found = await connect(environ=environ)

    assert "Bearer beside-b" == found.headers()["Authorization"]


async def test_json_is_a_kubeconfig_too(tmp_path):
    """A kubeconfig in JSON is read."""
    (tmp_path / "config").write_text(
        '{"kind": "Config", "current-context": "j",'
        ' "clusters": [{"name": "j", "cluster": {"server": "http://h:1"}}],'
        ' "contexts": [{"name": "j", "context": {"cluster": "j"}}]}'
    )

    found = await connect(kubeconfig=tmp_path / "config")

    assert "http://h:1" == found.server


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({}, None),
        ({"token": "abc"}, "Bearer abc"),
        ({"token": " abc\n"}, "Bearer abc"),
        ({"token": 12345}, "Bearer 12345"),
        ({"username": "me", "password": "pw"}, "Basic bWU6cHc="),
        ({"token": "abc", "exec": None, "auth-provider": None, "tokenFile": None}, "Bearer abc"),
    ],
    ids=[
        "anonymous",
        "token",
        "token with spaces around",
        "token of digits",
        "password",
        "keys without values",
    ],
)
async def test_authorization_of_a_user(tmp_path, user, expected):
    """Each way to log in ends in its Authorization header."""
    found = await connect(kubeconfig=kubeconfig(tmp_path / "config", user=user))

    assert expected == found.headers().get("Authorization")


async def test_impersonation_repeats_groups_and_escapes_extra(tmp_path):
    """Impersonation arrives as headers: groups repeat, extra keys are escaped."""
    user = {
        "token": "t",
        "as": "jane",
        "as-uid": "7",
        "as-groups": ["dev", "ops"],
        "as-user-extra": {"example.com/scopes": ["a", "b"]},
    }

    headers = (await connect(kubeconfig=kubeconfig(tmp_path / "config", user=user))).headers()

    assert ["dev", "ops"] == headers.getall("Impersonate-Group")
    assert ["a", "b"] == headers.getall("Impersonate-Extra-example.com%2Fscopes")
    assert ("jane", "7", "Bearer t") == (
        headers["Impersonate-User"],
        headers["Impersonate-Uid"],
        headers["Authorization"],
    )


@pytest.mark.parametrize(
    ("server", "cluster", "expected"),
    [
        ("https://h:6443/", {}, "https://h:6443"),
        ("https://h/k8s/clusters/c-1", {}, "https://h/k8s/clusters/c-1"),
        ("h:8080", {}, "http://h:8080"),
        ("h:6443", {"insecure-skip-tls-verify": True}, "https://h:6443"),
    ],
    ids=["trailing slash", "path prefix", "no scheme", "no scheme but TLS settings"],
)
async def test_server_addresses(tmp_path, server, cluster, expected):
    """The server's address is kept, without a slash at its end and with a scheme."""
    path = kubeconfig(tmp_path / "config", cluster={"server": server, **cluster})

    assert expected == (await connect(kubeconfig=path)).server


async def test_the_context_names_the_namespace_and_the_server_name(tmp_path):
    """The namespace of the context and the cluster's tls-server-name are passed on."""
    path = kubeconfig(
        tmp_path / "config", cluster={"tls-server-name": "api"}, context={"namespace": "mine"}
    )

    found = await connect(kubeconfig=path)

    assert ("mine", "api") == (found.namespace, found.server_hostname)


async def test_a_bare_connection_is_anonymous_and_never_due():
    """A Connection made from an address alone needs nothing else and never wants renewal."""
    bare = Connection(server="http://127.0.0.1:1")

    assert {} == dict(bare.headers())
    assert not await bare.refresh()
    assert not await bare.refresh(force=True)
