"""Making certificates: authorities and the serving certificates they sign.

ECDSA on P-256 throughout: made in a tenth of a millisecond, understood by every client. Whatever
is made is valid from a little earlier than now, for clocks that are behind. A serving certificate
never outlives its authority.

The cryptography library is loaded with this module, which is loaded only by managers that make
their certificates themselves.
"""

import datetime as dt
import functools
import ipaddress
import re
from collections.abc import Iterable
from typing import Final

import attrs
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from informers.tls import KeyPair

SKEW: Final = dt.timedelta(hours=1)
_BLOCK: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\r?\n?", re.DOTALL
)
_PEM: Final = serialization.Encoding.PEM
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class CertificateError(ValueError):
    """What is no usable certificate or key."""


@attrs.frozen(kw_only=True)
class Facts:
    """What a certificate says, as far as anybody here asks."""

    not_before: dt.datetime
    not_after: dt.datetime
    names: frozenset[str]


@functools.lru_cache(maxsize=64)
def facts(certificate: bytes) -> Facts:
    """Read a certificate.

    Raises:
        CertificateError: If it is none.
    """
    parsed = _certificate(certificate)
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        found: Iterable[str] = ()
    else:
        addresses = map(str, names.get_values_for_type(x509.IPAddress))
        found = (*names.get_values_for_type(x509.DNSName), *addresses)
    return Facts(
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        names=frozenset(found),
    )


def is_signed_by(certificate: bytes, authority: bytes) -> bool:
    """Whether the one was signed with the key of the other."""
    try:
        _certificate(certificate).verify_directly_issued_by(_certificate(authority))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def split(bundle: bytes) -> tuple[bytes, ...]:
    """The certificates of a bundle, one by one."""
    return tuple(block.rstrip() + b"\n" for block in _BLOCK.findall(bundle))


def checked(pair: KeyPair) -> KeyPair:
    """The pair, if its two halves belong together.

    Raises:
        CertificateError: If they do not, or are not what they should be.
    """
    public = _certificate(pair.certificate).public_key()
    if _key(pair.key).public_key() != public:
        raise CertificateError("the key belongs to another certificate")
    return pair


def make_authority(*, now: dt.datetime, life: dt.timedelta) -> KeyPair:
    """A new authority, valid from now on; its name is its own, as verifiers go by names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"pentad webhooks {x509.random_serial_number():x}"[:48])
    builder = _builder(name, name, key.public_key(), key.public_key(), now=now, until=now + life)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(certificate.public_bytes(_PEM), _pem(key))


def sign(
    authority: KeyPair, names: Iterable[str], *, now: dt.datetime, until: dt.datetime
) -> KeyPair:
    """A serving certificate for these host names and addresses."""
    issuer, key = _certificate(authority.certificate), ec.generate_private_key(ec.SECP256R1())
    alternatives = [_general_name(name) for name in sorted(names)]
    until = min(until, issuer.not_valid_after_utc)
    builder = _builder(
        _name("pentad-webhook"),
        issuer.subject,
        key.public_key(),
        _key(authority.key).public_key(),
        now=now,
        until=until,
    )
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(_key(authority.key), hashes.SHA256())
    )
    return KeyPair(certificate.public_bytes(_PEM), _pem(key))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signing: ec.EllipticCurvePublicKey,
    *,
    now: dt.datetime,
    until: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), critical=False)
    )


def _usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in _USAGES})


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CertificateError(f"not a certificate: {error}") from error


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise CertificateError(f"not a private key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError("the key is not one on a curve, as this program makes them")
    return key
