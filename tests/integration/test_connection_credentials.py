"""Every way to log in, at the real API server, and what happens when credentials rotate."""

import base64
import datetime as dt

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from informers.connection import connect
from informers.errors import Unauthorized
from tests.integration.connection_world import (
    Account,
    SteppedClock,
    authority_of,
    client_of,
    kubeconfig_for,
    whoami,
)
from tests.kit.eventually import eventually
from tests.unit.informers.connection_world import plugin


@pytest.fixture
def account(rest, namespace):
    """Return a service account that nobody else uses."""
    return Account.create(rest, namespace)


async def test_the_cluster_s_own_kubeconfig(cluster):
    """The administrator's client certificate is accepted."""
    clock = SteppedClock()
    connection = await connect(kubeconfig=cluster.kubeconfig)

    async with client_of(connection, clock=clock) as client:
        name = await whoami(client)

    assert cluster.server == connection.server
    assert not name.startswith("system:anonymous")


async def test_a_pod_s_service_account(cluster, account, tmp_path):
    """What kubelet mounts into a pod, with the environment it sets, is enough."""
    (tmp_path / "token").write_text(account.token("one"))
    (tmp_path / "ca.crt").write_text(authority_of(cluster.kubeconfig))
    (tmp_path / "namespace").write_text(account.namespace)
    host, port = cluster.server.removeprefix("https://").split(":")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
    connection = await connect(environ=environ, service_account=tmp_path)

    async with client_of(connection, clock=SteppedClock()) as client:
        assert account.user == await whoami(client)

    assert account.namespace == connection.namespace


async def test_an_exec_plugin_is_asked_again_when_its_token_expires(cluster, account, tmp_path):
    """The plugin's token works; near its expiry the plugin runs again and its new one works."""
    clock = SteppedClock()
    runs = tmp_path / "runs"
    expires = (clock.wall() + dt.timedelta(minutes=30)).isoformat()
    status = f'{{"token": "%s", "expirationTimestamp": "{expires}"}}'
    body = (
        f"echo x >> {runs}\n"
        f'printf \'{{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
        f' "status": {status}}}\' "$(cat {tmp_path}/token)"'
    )
    command = plugin(tmp_path / "plugin", body)
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never",
            "command": str(command),
        }
    }
    (tmp_path / "token").write_text(account.token("one"))
    path = kubeconfig_for(tmp_path / "config", cluster.kubeconfig, user=user)
    connection = await connect(kubeconfig=path, clock=clock)

    async with client_of(connection, clock=clock) as client:
        assert account.user == await whoami(client)
        (tmp_path / "token").write_text(second := account.token("two"))
        assert account.user == await whoami(client)
        assert 1 == runs.read_text().count("x")
        clock.skip(29.5 * 60)
        assert account.user == await whoami(client)

    assert 2 == runs.read_text().count("x")
    assert f"Bearer {second}" == connection.headers()["Authorization"]


async def test_an_exec_plugin_is_asked_again_after_a_401(cluster, account, tmp_path):
    """A token that the server no longer accepts is replaced within the same request."""
    command = plugin(
        tmp_path / "plugin",
        'printf \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",'
        f' "status": {{"token": "%s"}}}}\' "$(cat {tmp_path}/token)"',
    )
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(command)}}
    (tmp_path / "token").write_text(first := account.token("one"))
    path = kubeconfig_for(tmp_path / "config", cluster.kubeconfig, user=user)
    connection = await connect(kubeconfig=path)

    async with client_of(connection, clock=SteppedClock()) as client:
        assert account.user == await whoami(client)
        account.revoke("one")
        await eventually(lambda: account.is_accepted(first), equals=False, within=30)
        (tmp_path / "token").write_text(account.token("two"))
        assert account.user == await whoami(client)


async def test_a_token_file_rotates_under_a_client(cluster, account, tmp_path):
    """A rotated token is picked up within a minute, or at once when the old one is refused."""
    clock = SteppedClock()
    (tmp_path / "token").write_text(first := account.token("one"))
    path = kubeconfig_for(tmp_path / "config", cluster.kubeconfig, user={"tokenFile": "token"})
    connection = await connect(kubeconfig=path, clock=clock)

    async with client_of(connection, clock=clock) as client:
        assert account.user == await whoami(client)
        account.revoke("one")
        await eventually(lambda: account.is_accepted(first), equals=False, within=30)
        (tmp_path / "token").write_text(account.token("two"))
        assert account.user == await whoami(client)
        (tmp_path / "token").write_text(third := account.token("three"))
        clock.skip(60)
        assert account.user == await whoami(client)

    assert f"Bearer {third}" == connection.headers()["Authorization"]


async def test_client_certificate_files_rotate_under_a_client(cluster, rest, kubectl, tmp_path):
    """New certificate and key files mean new connections under the new identity."""
    clock = SteppedClock()
    user = {"client-certificate": "crt", "client-key": "key"}
    path = kubeconfig_for(tmp_path / "config", cluster.kubeconfig, user=user)
    await sign(rest, kubectl, tmp_path, "rotating-one")
    connection = await connect(kubeconfig=path, clock=clock)

    async with client_of(connection, clock=clock) as client:
        assert "rotating-one" == await whoami(client)
        await sign(rest, kubectl, tmp_path, "rotating-two")
        clock.skip(60)
        assert "rotating-two" == await whoami(client)


async def test_impersonation_reaches_the_server(cluster, tmp_path):
    """The kubeconfig's `as` and `as-groups` make the server see somebody else."""
    admin = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]
    user = {**admin, "as": "jane", "as-groups": ["dev", "ops"]}
    path = kubeconfig_for(tmp_path / "config", cluster.kubeconfig, user=user)
    connection = await connect(kubeconfig=path)

    async with client_of(connection, clock=SteppedClock()) as client:
        assert "jane" == await whoami(client)


async def test_a_refused_token_is_unauthorized_and_explained(cluster, tmp_path):
    """A token that nobody knows ends in Unauthorized, with a line that names the user entry."""
    path = kubeconfig_for(tmp_path / "config", cluster.kubeconfig, user={"token": "wrong"})
    connection = await connect(kubeconfig=path)

    async with client_of(connection, clock=SteppedClock()) as client:
        with pytest.raises(Unauthorized):
            await whoami(client)

    assert f"the credentials of user 'u' in {path} are not" in connection.explain_unauthorized()


async def test_an_expired_certificate_is_unauthorized_and_explained(cluster, tmp_path):
    """An expired client certificate ends in Unauthorized, and the line says since when."""
    certificate, key = expired()
    user = {"client-certificate-data": certificate, "client-key-data": key}
    path = kubeconfig_for(tmp_path / "config", cluster.kubeconfig, user=user)
    connection = await connect(kubeconfig=path)

    async with client_of(connection, clock=SteppedClock()) as client:
        with pytest.raises(Unauthorized):
            await whoami(client)

    line = connection.explain_unauthorized()
    assert f"the client certificate of user 'u' in {path} expired on 2020-01-02 00:00" in line


def expired() -> tuple[str, str]:
    """A certificate that ran out years ago, and its key, in base64."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "late")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2020, 1, 2, tzinfo=dt.UTC))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    return base64.b64encode(certificate).decode(), base64.b64encode(_pem(key)).decode()


async def sign(rest, kubectl, folder, user: str) -> None:
    """Have the cluster sign a client certificate and write it with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)])
    request = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    encoded = base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()
    collection = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    rest.delete(f"{collection}/{user}")
    rest.create(
        collection,
        {
            "metadata": {"name": user},
            "spec": {
                "request": encoded,
                "signerName": "kubernetes.io/kube-apiserver-client",
                "usages": ["client auth"],
            },
        },
    )
    kubectl("certificate", "approve", user)
    signed = await eventually(
        lambda: rest.get(f"{collection}/{user}")["status"].get("certificate"), within=30
    )
    (folder / "key").write_bytes(_pem(key))
    (folder / "crt").write_bytes(base64.b64decode(signed))


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
