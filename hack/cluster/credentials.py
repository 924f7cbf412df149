"""Certificates, keys and kubeconfigs of one cluster.

Three authorities, as Kubernetes asks for: one for servers and clients, one for the front proxy
(a client certificate of the first must never pass as the aggregator's), one for etcd. Keys are on
P-256, which is quick to make, but for that of the first authority: the API server verifies the
certificate of a client again for each request, which costs it less where the signature is RSA's.
Written once; a cluster keeps them for its life.
"""

import base64
import datetime as dt
import ipaddress
import os
from pathlib import Path
from typing import Final

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hack.cluster.layout import Layout
from hack.cluster.network import NODE, SERVICE_RANGE, Network
from hack.cluster.node import objects

AGGREGATOR: Final = "front-proxy-client"
NODE_CLIENTS: Final = ("kube-proxy", "coredns", objects.METRICS)

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_LIFE: Final = dt.timedelta(days=3650)
_SKEW: Final = dt.timedelta(hours=1)
_SERVER_NAMES: Final = (
    x509.DNSName("localhost"),
    x509.DNSName("kubernetes"),
    x509.DNSName("kubernetes.default"),
    x509.DNSName("kubernetes.default.svc"),
    x509.DNSName("kubernetes.default.svc.cluster.local"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(SERVICE_RANGE[1]),
)


@attrs.frozen
class KeyPair:
    """A certificate, its key and the authority that signed it, as files."""

    certificate: Path
    key: Path
    authority: Path

    @classmethod
    def of(cls, layout: Layout, name: str, *, authority: str = "ca") -> "KeyPair":
        """Name the files of one identity."""
        pki = layout.pki
        return cls(pki / f"{name}.crt", pki / f"{name}.key", pki / f"{authority}.crt")


@attrs.frozen
class _Authority:
    name: x509.Name
    key: _Key
    folder: Path
    now: dt.datetime

    def sign(
        self,
        file: str,
        *,
        user: str,
        group: str | None = None,
        names: tuple[x509.GeneralName, ...] = (),
    ) -> None:
        """Write FILE.crt and FILE.key: a server certificate if it has names, else a client's."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if names:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
        builder = _builder(self.now, _subject(user, group), self.name, key).add_extension(
            x509.ExtendedKeyUsage(usages), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        _write(self.folder / f"{file}.key", _pem(key))
        _write(
            self.folder / f"{file}.crt",
            builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        )


def _subject(user: str, group: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(parts)


def _builder(
    now: dt.datetime, subject: x509.Name, issuer: x509.Name, key: _Key
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
    )


def _pem(key: _Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file only its owner can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _authority(
    folder: Path, file: str, *, title: str, now: dt.datetime, key: _Key | None = None
) -> _Authority:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = _subject(title)
    certificate = (
        _builder(now, name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(folder / f"{file}.key", _pem(key))
    _write(folder / f"{file}.crt", certificate.public_bytes(serialization.Encoding.PEM))
    return _Authority(name, key, folder, now)


def create(layout: Layout, *, title: str, now: dt.datetime, network: Network | None = None) -> None:
    """Write every certificate and key a cluster needs."""
    layout.pki.mkdir(mode=0o700, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ca = _authority(layout.pki, "ca", title=title, now=now, key=key)
    addresses = () if network is None else (x509.IPAddress(network.server),)
    ca.sign("kube-apiserver", user="kube-apiserver", names=(*_SERVER_NAMES, *addresses))
    ca.sign("loopback", user="localhost", names=_SERVER_NAMES)
    ca.sign("admin", user="kubernetes-admin", group="system:masters")
    # They may do anything, so that they can start before the API server has made its roles.
    for component in ("kube-controller-manager", "kube-scheduler", "kwok"):
        ca.sign(component, user=f"system:{component}", group="system:masters")
    front = _authority(layout.pki, "front-proxy-ca", title=f"{title} front proxy", now=now)
    front.sign(AGGREGATOR, user=AGGREGATOR)
    etcd = _authority(layout.pki, "etcd-ca", title=f"{title} etcd", now=now)
    etcd.sign("etcd", user="etcd", names=_SERVER_NAMES)
    etcd.sign("etcd-client", user="kube-apiserver")
    if network is not None:
        _sign_for_node(ca, network)
    accounts = ec.generate_private_key(ec.SECP256R1())
    _write(layout.pki / "service-accounts.key", _pem(accounts))
    _write(
        layout.pki / "service-accounts.pub",
        accounts.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def _sign_for_node(ca: _Authority, network: Network) -> None:
    """Sign what a node needs; its kubelet may do what the API server lets a node do, no more."""
    user, address = f"system:node:{NODE}", x509.IPAddress(network.node)
    ca.sign("kubelet", user=user, group="system:nodes")
    ca.sign("kubelet-serving", user=user, names=(x509.DNSName(NODE), address))
    ca.sign("kubelet-client", user="kube-apiserver-kubelet-client", group="system:masters")
    for component in NODE_CLIENTS:
        ca.sign(component, user=f"system:{component}", group="system:masters")
    names = (x509.DNSName(objects.METRICS_HOST), address)
    ca.sign(f"{objects.METRICS}-serving", user=objects.METRICS, names=names)


def write_kubeconfig(path: Path, pair: KeyPair, *, server: str, context: str) -> None:
    """Write a kubeconfig that carries its credentials, so that it can be copied elsewhere."""

    def data(file: Path) -> str:
        return base64.b64encode(file.read_bytes()).decode()

    text = f"""\
apiVersion: v1
kind: Config
current-context: {context}
clusters:
- name: {context}
  cluster:
    server: {server}
    certificate-authority-data: {data(pair.authority)}
users:
- name: {context}
  user:
    client-certificate-data: {data(pair.certificate)}
    client-key-data: {data(pair.key)}
contexts:
- name: {context}
  context:
    cluster: {context}
    user: {context}
"""
    _write(path, text.encode())
