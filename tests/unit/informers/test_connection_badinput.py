"""What a user can get wrong, and the one line that each mistake is answered with."""

import base64
import os
import re

import pytest

from informers.connection import connect
from informers.errors import ConfigError
from tests.kit.certificates import Authority
from tests.unit.informers.connection_world import kubeconfig, pod

HTTPS = "https://10.1.2.3:443"
PEM = base64.b64encode(Authority().pem.encode()).decode()


async def refusal(**arguments) -> str:
    """The one line that a configuration is refused with."""
    with pytest.raises(ConfigError) as caught:
        await connect(**arguments)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy, f"no remedy in: {caught.value}"
    return str(caught.value)


async def test_a_missing_kubeconfig(tmp_path):
    """A file that is not there is named, with how to name another."""
    line = await refusal(kubeconfig=tmp_path / "none")

    assert re.search(r"kubeconfig \S+/none does not exist: .*--kubeconfig", line)


async def test_all_of_kubeconfig_missing(tmp_path):
    """A KUBECONFIG of which nothing exists does not fall through to another source."""
    kubeconfig(tmp_path / ".kube" / "config")
    environ = {"KUBECONFIG": f"{tmp_path}/a{os.pathsep}{tmp_path}/b", "HOME": str(tmp_path)}

    assert re.search(r"/a does not exist", await refusal(environ=environ))


async def test_a_directory_is_no_kubeconfig(tmp_path):
    """A directory is told by the system's own word."""
    assert "cannot be read (Is a directory)" in await refusal(kubeconfig=tmp_path)


async def test_an_unreadable_kubeconfig(tmp_path, monkeypatch):
    """A file without permission is told as such."""

    def deny(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    path = kubeconfig(tmp_path / "config")
    monkeypatch.setattr("pathlib.Path.read_text", deny)  # root may read everything

    assert "cannot be read (Permission denied): give this user" in await refusal(kubeconfig=path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", r"is empty"),
        (b"# nothing\n", r"is empty"),
        (b"a: [1\nb: 2\n", r"is not valid YAML at line 2, column 2 "),
        (b"\tx: 1", r"is not valid YAML at line 1, column 1 "),
        (b"\xff\xfe\x00", r"is not text"),
        (b"- a\n- b\n", r"is not a kubeconfig"),
        (b"kind: Pod\n", r"is not a kubeconfig"),
        (b"clusters: {a: b}\n", r"clusters is not a list"),
        (b"users: [{user: {}}]\n", r"an entry of users has no name"),
        (b"users: [{name: a, user: b}]\n", r"user of 'a' in users is not a mapping"),
        (b"kind: Config\n", r"has no current-context: .*there: none"),
        (b"x: 2024-13-45\n", r"is not valid YAML \(month must be in 1\.\.12\): correct it"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", r"is nested too deeply: name another"),
    ],
    ids=[
        "empty",
        "only a comment",
        "unclosed list",
        "tab",
        "binary",
        "a list",
        "another kind",
        "clusters a mapping",
        "a nameless user",
        "a user that is text",
        "no sections",
        "a day that is none",
        "too deep",
    ],
)
async def test_malformed_files(tmp_path, content, expected):
    """A file that is no kubeconfig is refused with the place of the mistake."""
    (tmp_path / "config").write_bytes(content)

    assert re.search(expected, await refusal(kubeconfig=tmp_path / "config"))


@pytest.mark.parametrize(
    ("top", "context", "expected"),
    [
        ({"current-context": ...}, None, r"no current-context: .*use-context.*there: main"),
        ({"current-context": "x"}, None, r"context 'x' does not exist.*there: main"),
        ({}, "y", r"context 'y' does not exist.*there: main"),
        ({"clusters": []}, None, r"names the cluster 'main', which is not in.*--cluster"),
        ({"users": []}, None, r"names the user 'main', which is not in.*--user"),
        (
            {"contexts": [{"name": "main", "context": {}}]},
            None,
            r"names the cluster None, which is not in",
        ),
    ],
    ids=["no current", "wrong current", "wrong --context", "no cluster", "no user", "bare context"],
)
async def test_names_that_lead_nowhere(tmp_path, top, context, expected):
    """A name without a target is told with the names that exist."""
    path = kubeconfig(tmp_path / "config", **top)

    assert re.search(expected, await refusal(kubeconfig=path, context=context))


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({"server": ""}, r"cluster 'main' in \S+/config has no server"),
        ({"server": "ftp://x"}, r"has the server 'ftp://x': set it to https://HOST:PORT"),
        ({"server": "https://h:99999"}, r"has the server 'https://h:99999'"),
        ({"server": "https://a b"}, r"has the server 'https://a b': set it to https://HOST:PORT"),
        ({"server": HTTPS, "proxy-url": "socks5://p:1"}, r"proxy-url.*SOCKS is not supported"),
        (
            {"server": HTTPS, "certificate-authority-data": "%%"},
            r"-data of cluster.*not valid base64",
        ),
        ({"server": HTTPS, "certificate-authority-data": "eHk="}, r"holds no PEM certificate"),
        ({"server": HTTPS, "certificate-authority": "no.crt"}, r"no\.crt cannot be read \(No such"),
        (
            {"server": HTTPS, "certificate-authority-data": PEM, "insecure-skip-tls-verify": True},
            r"both insecure-skip-tls-verify and a certificate-authority: remove one",
        ),
    ],
    ids=[
        "no server",
        "another scheme",
        "impossible port",
        "a space",
        "SOCKS",
        "bad base64",
        "no PEM",
        "missing file",
        "contradiction",
    ],
)
async def test_clusters_that_cannot_be_used(tmp_path, cluster, expected):
    """A defect of the cluster entry is told with the entry's and the file's name."""
    path = kubeconfig(tmp_path / "config", cluster=cluster)

    assert re.search(expected, await refusal(kubeconfig=path))


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"client-certificate-data": PEM}, r"has no client-key: set"),
        ({"client-key-data": PEM}, r"has no client-certificate: set"),
        ({"client-key-data": "?", "client-certificate-data": PEM}, r"client-key-data.*base64"),
        ({"client-key-data": PEM, "client-certificate-data": PEM}, r"cannot be used"),
        ({"client-key": "k", "client-certificate": "c"}, r"client-certificate.*/c cannot be read"),
        ({"tokenFile": "none"}, r"token file \S+/none of user 'main' .*cannot be read"),
        ({"token": "a b"}, r"token of user 'main' in \S+ is not one printable word"),
        ({"token": "t", "username": "u"}, r"several ways to log in \(token, username\)"),
        ({"auth-provider": "rename"}, r"correct the kubeconfig"),
        ({"auth-provider": {"name": "gcp"}}, r"'gcp'.*use the credential plugin gke-gcloud"),
        ({"auth-provider": {"name": "oidc"}}, r"has no idp-issuer-url and no client-id"),
        ({"exec": "aws"}, r"exec of user 'main' in \S+ is not a mapping"),
        ({"as-groups": ["a"]}, r"without 'as'"),
    ],
    ids=[
        "no key",
        "no certificate",
        "key not base64",
        "key is no key",
        "missing files",
        "missing token file",
        "two words",
        "two ways",
        "auth-provider is text",
        "gcp",
        "oidc without settings",
        "exec is text",
        "groups without a user",
    ],
)
async def test_users_that_cannot_log_in(tmp_path, user, expected):
    """A defect of the user entry is told with the entry's and the file's name."""
    path = kubeconfig(tmp_path / "config", cluster={"server": HTTPS}, user=user)

    assert re.search(expected, await refusal(kubeconfig=path))


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["missing", "empty"])
async def test_a_pod_without_its_files(tmp_path, missing, is_empty):
    """In a pod a missing or empty file is told, with where to look."""
    environ = pod(tmp_path)
    (tmp_path / missing).unlink()
    if is_empty:
        (tmp_path / missing).touch()

    line = await refusal(environ=environ, service_account=tmp_path, in_cluster=True)

    assert re.search(r"service account in \S+ cannot be used .*automountServiceAccountToken", line)


async def test_no_pod_at_all(tmp_path):
    """Told to use the pod's account outside of a cluster, it says that there is none."""
    line = await refusal(environ={}, service_account=tmp_path, in_cluster=True)

    assert re.search(r"Service host/port is not set.*name a kubeconfig", line)
