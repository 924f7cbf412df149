"""TLS contexts, shown by handshakes in memory."""

import base64
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from informers import tls
from informers.connection import Connection, connect
from informers.errors import ConfigError
from informers.tls import KeyPair, make_context, private_file
from tests.kit.certificates import Authority
from tests.unit.informers.connection_world import kubeconfig, server, shake_hands


def context(authority=None, *, pair=None, insecure=False):
    """A client's context."""
    return make_context(authority=authority, pair=pair, insecure=insecure, title="the test")


def issued(authority):
    """A client's pair."""
    certificate, key = authority.issue()
    return KeyPair(certificate.encode(), key.encode())


def test_only_the_authority_s_servers_are_trusted():
    """A server of the authority is accepted, one of another is not."""
    ours, theirs = Authority(), Authority()
    client = context(ours.pem.encode())

    shake_hands(client, server(ours))

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, server(theirs))


def test_a_bundle_with_comments_trusts_each_of_its_authorities():
    """While an authority rotates, the bundle holds the old and the new one, and often comments."""
    old, new = Authority(), Authority()
    client = context(f"# old, naïve\n{old.pem}\n# new\n{new.pem}".encode())

    shake_hands(client, server(old))
    shake_hands(client, server(new))


def test_any_certificate_of_the_bundle_is_an_anchor():
    """The server's own certificate as authority is enough, as it is for Go."""
    made = Authority()
    certificate, key = made.issue()
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with private_file((key + certificate).encode()) as path:
        theirs.load_cert_chain(path)

    shake_hands(context(certificate.encode()), theirs)


def test_old_authorities_are_not_judged_by_newer_rules():
    """The strict X.509 rules, a default since Python 3.13, are off on every Python."""
    assert not context().verify_flags & ssl.VERIFY_X509_STRICT


def test_a_name_that_the_certificate_does_not_hold_is_refused_unless_overridden():
    """The name must be in the certificate; tls-server-name gives the one to look for."""
    made = Authority()
    client = context(made.pem.encode())

    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(client, server(made), name="elsewhere")


def test_insecure_accepts_anything():
    """insecure-skip-tls-verify accepts any certificate for any name."""
    shake_hands(context(insecure=True), server(Authority()), name="elsewhere")


def test_the_client_s_certificate_is_presented():
    """A server that wants a client certificate gets ours."""
    made = Authority()
    pair = issued(made)

    seen = shake_hands(context(made.pem.encode(), pair=pair), server(made, clients=made))

    assert ssl.PEM_cert_to_DER_cert(pair.certificate.decode()) == seen.getpeercert(binary_form=True)


@pytest.mark.parametrize("has_memory_files", [True, False], ids=["in memory", "on disk"])
def test_the_key_is_private_and_gone_at_once(has_memory_files, tmp_path, monkeypatch):
    """The file that OpenSSL reads is its owner's only and does not outlive the reading."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    if not has_memory_files:
        monkeypatch.delattr("os.memfd_create")

    with private_file(b"secret") as path:
        mode = Path(path).stat().st_mode & 0o777
        assert b"secret" == Path(path).read_bytes()
        on_disk = [found for found in tmp_path.rglob("*") if found.is_file()]

    assert not has_memory_files or not on_disk
    assert has_memory_files or (0o600 == mode and 1 == len(on_disk))
    assert [] == list(tmp_path.iterdir())
    assert not Path(path).exists() or has_memory_files


async def test_data_in_the_kubeconfig_leaves_no_files(tmp_path, monkeypatch):
    """Certificates embedded in a kubeconfig are used without temporary files staying behind."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    made = Authority()
    certificate, key = made.issue()
    encoded = {
        name: base64.b64encode(text.encode()).decode()
        for name, text in (("ca", made.pem), ("crt", certificate), ("key", key))
    }
    path = kubeconfig(
        tmp_path / "config",
        cluster={"server": "https://localhost", "certificate-authority-data": encoded["ca"]},
        user={"client-certificate-data": encoded["crt"], "client-key-data": encoded["key"]},
    )

    found = await connect(kubeconfig=path)

    shake_hands(found.ssl_context, server(made, clients=made))
    assert [] == list((tmp_path / "tmp").iterdir())


def test_an_encrypted_key_is_refused_without_asking_for_its_password(capfd):
    """Nobody is there to type a password: an encrypted key is an error."""
    pair = issued(Authority())
    key = serialization.load_pem_private_key(pair.key, password=None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"pw"),
    )

    with pytest.raises(ConfigError, match="the key must not be encrypted"):
        context(pair=KeyPair(pair.certificate, encrypted))

    assert ("", "") == capfd.readouterr()


def test_a_key_of_another_certificate_is_refused():
    """Certificate and key must belong together."""
    one, other = issued(Authority()), issued(Authority())

    with pytest.raises(ConfigError, match=r"cannot be used .*belong together"):
        context(pair=KeyPair(one.certificate, other.key))


def failure(client, theirs, *, name="localhost"):
    """The error that the handshake ends with."""
    with pytest.raises(ssl.SSLError) as caught:
        shake_hands(client, theirs, name=name).read(1)
    return caught.value


def test_a_failed_handshake_is_explained():
    """What OpenSSL reports becomes a sentence with a remedy."""
    made = Authority()
    client = context(made.pem.encode())
    reached = Connection(server="https://h:1")

    untrusted = reached.explain_tls(failure(client, server(Authority())))
    misnamed = reached.explain_tls(failure(client, server(made), name="elsewhere"))

    assert "https://h:1: no certificate-authority of ours signed its certificate" in untrusted
    assert "its certificate is for other names: correct 'server' or set tls-server" in misnamed
    assert reached.explain_tls(OSError("refused")) is None


def test_the_explanation_is_found_inside_another_error():
    """Who wraps a TLS error names it as the cause, and that is what is explained."""
    wrapped = OSError("several addresses, none of them good")
    wrapped.__cause__ = failure(context(Authority().pem.encode()), server(Authority()))

    assert "signed its certificate" in (tls.explain(wrapped) or "")


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "our client certificate has expired: renew it"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a client certificate"),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not know who signed our client certificate"),
        ("WRONG_VERSION_NUMBER", "does not speak TLS there: use http://"),
        ("SOMETHING_ELSE", "TLS failed (SOMETHING_ELSE)"),
    ],
)
def test_alerts_of_the_server_are_explained(alert, expected):
    """What the server says against us names our side of the remedy."""
    error = ssl.SSLError(1, "[SSL]")
    error.reason = alert

    assert expected in (tls.explain(error) or "")
