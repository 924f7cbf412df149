"""Who trusts whom: proven by TLS handshakes in memory."""

import base64
import datetime as dt
import ssl
import stat

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import SignatureAlgorithmOID

from hack.cluster import credentials
from hack.cluster.credentials import AGGREGATOR, KeyPair
from hack.cluster.layout import Layout


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """Return a cluster's folder with its credentials."""
    made = Layout(tmp_path_factory.mktemp("cluster"))
    credentials.create(made, title="test", now=dt.datetime.now(dt.UTC))
    return made


def handshake(server, client, *, name="127.0.0.1"):
    """Let a client of one pair meet a server of another, which asks for a certificate."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(server.certificate, server.key)
    serving.load_verify_locations(server.authority)
    serving.verify_mode = ssl.CERT_REQUIRED
    asking = ssl.create_default_context(cafile=client.authority)
    asking.load_cert_chain(client.certificate, client.key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        asking.wrap_bio(back, there, server_hostname=name),
        serving.wrap_bio(there, back, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    subject = ends[1].getpeercert()["subject"]
    return {key: value for ((key, value),) in subject}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "kubernetes.default.svc", "10.96.0.1"])
def test_admin_and_server_trust_each_other(layout, name):
    """The administrator reaches the API server under all its names, and is one."""
    server, admin = (KeyPair.of(layout, each) for each in ("kube-apiserver", "admin"))

    subject = handshake(server, admin, name=name)

    assert subject == {"organizationName": "system:masters", "commonName": "kubernetes-admin"}


def test_server_has_no_other_name(layout):
    """Nobody else's name is in the serving certificate."""
    server, admin = (KeyPair.of(layout, each) for each in ("kube-apiserver", "admin"))

    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(server, admin, name="example.org")


@pytest.mark.parametrize(
    ("server", "client"),
    [
        (("kube-apiserver", "ca"), (AGGREGATOR, "ca")),
        (("kube-apiserver", "front-proxy-ca"), ("admin", "ca")),
        (("etcd", "etcd-ca"), ("admin", "etcd-ca")),
    ],
    ids=["front proxy as a user", "user as the front proxy", "user at etcd"],
)
def test_authorities_do_not_vouch_for_each_other(layout, server, client):
    """A certificate of one authority is worth nothing where another is asked for."""
    pairs = [KeyPair.of(layout, name, authority=authority) for name, authority in (server, client)]

    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(*pairs)


def test_store_knows_the_api_server(layout):
    """Etcd lets the API server in."""
    store, client = (
        KeyPair.of(layout, each, authority="etcd-ca") for each in ("etcd", "etcd-client")
    )

    assert handshake(store, client) == {"commonName": "kube-apiserver"}


def test_only_the_owner_can_read(layout):
    """Neither keys nor the folder are readable by others."""
    modes = {stat.S_IMODE(file.stat().st_mode) for file in layout.pki.iterdir()}

    assert {0o600} == modes
    assert stat.S_IMODE(layout.pki.stat().st_mode) == 0o700


def test_kubeconfig_carries_its_credentials(layout):
    """A kubeconfig is valid YAML and can be copied away from the files it was made of."""
    pair = KeyPair.of(layout, "admin")
    credentials.write_kubeconfig(layout.kubeconfig, pair, server="https://s:1", context="pentad-x")

    config = yaml.safe_load(layout.kubeconfig.read_text())

    assert config["current-context"] == "pentad-x"
    assert config["clusters"][0]["cluster"]["server"] == "https://s:1"
    key = config["users"][0]["user"]["client-key-data"]
    assert pair.key.read_bytes() == base64.b64decode(key)
    assert str(layout.root) not in layout.kubeconfig.read_text()


def test_clients_are_signed_with_rsa(layout):
    """The signature that the API server verifies for each request is of the quick kind."""
    client = x509.load_pem_x509_certificate(KeyPair.of(layout, "admin").certificate.read_bytes())

    assert SignatureAlgorithmOID.RSA_WITH_SHA256 == client.signature_algorithm_oid
