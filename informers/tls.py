"""TLS as Go's Kubernetes client does it, from bytes and files that may change under us.

`TlsSources` holds where the certificate authority and the client's pair come from; `Tls` makes the
context and replaces it, never edits it, when either changed. Replacing is the signal: a context
that is another object means that connections have to be made anew.

Two choices, both Go's: `VERIFY_X509_STRICT`, which newer Pythons switch on by default, stays off
(authorities made by older installers lack the key identifiers it asks for), and any certificate of
the bundle is a trust anchor, not only self-signed ones. Names must be in the subjectAltName.

A private key never reaches a disk: OpenSSL insists on a file, so it gets one in memory, or where
there is no such thing one that only its owner can read and that is gone a moment later.
"""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs

from informers.errors import ConfigError

Blob = bytes | Path


def read_blob(blob: Blob, *, what: str) -> bytes:
    """The bytes themselves, or those of the file."""
    if isinstance(blob, bytes):
        return blob
    try:
        return blob.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{what}: file {blob} cannot be read ({error.strerror})",
            remedy="correct the path, which counts from the kubeconfig's own directory, "
            "or renew the file",
        ) from error


@attrs.frozen
class KeyPair:
    """A client certificate (with its chain) and its key, as PEM."""

    certificate: bytes
    key: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class TlsSources:
    """Where the certificate authority and the client's pair come from; `title` is for errors."""

    authority: Blob | None = None
    certificate: Blob | None = None
    key: Blob | None = attrs.field(default=None, repr=False)
    insecure: bool = False
    title: str = "the kubeconfig"

    @property
    def can_rotate(self) -> bool:
        """Whether any of it is a file."""
        return any(isinstance(blob, Path) for blob in (self.authority, self.certificate, self.key))

    @property
    def is_used(self) -> bool:
        """Whether anything here makes sense only with TLS."""
        return bool(self.authority or self.certificate or self.insecure)

    def read(self) -> tuple[bytes | None, KeyPair | None]:
        """What they hold now."""
        authority = pair = None
        if self.authority is not None:
            authority = read_blob(self.authority, what=f"certificate-authority of {self.title}")
        if self.certificate is not None and self.key is not None:
            pair = KeyPair(
                read_blob(self.certificate, what=f"client-certificate of {self.title}"),
                read_blob(self.key, what=f"client-key of {self.title}"),
            )
        return authority, pair


def checked_sources(sources: TlsSources) -> TlsSources:
    """Refuse what contradicts itself, as kubectl does."""
    if sources.insecure and sources.authority is not None:
        raise ConfigError(
            f"{sources.title} has both insecure-skip-tls-verify and a certificate-authority",
            remedy="remove one of them",
        )
    if (sources.certificate is None) != (sources.key is None):
        missing = "client-key" if sources.key is None else "client-certificate"
        raise ConfigError(
            f"{sources.title} has no {missing}",
            remedy="set client-certificate and client-key together",
        )
    return sources


@attrs.define(eq=False, repr=False)
class Tls:
    """Makes the context from its sources, and another one when they have changed."""

    sources: TlsSources
    _made_of: tuple[bytes | None, KeyPair | None] = attrs.field(default=(None, None), repr=False)
    _context: ssl.SSLContext | None = attrs.field(default=None, init=False, repr=False)

    def reload(self, issued: KeyPair | None) -> ssl.SSLContext:
        """The context for now; `issued` is a pair that a credential plugin handed out.

        A defect is an error and leaves things as they were.
        """
        authority, pair = self.sources.read()
        made_of = (authority, issued or pair)
        if self._context is None or made_of != self._made_of:
            self._context = make_context(
                authority=authority,
                pair=issued or pair,
                insecure=self.sources.insecure,
                title=self.sources.title,
            )
            self._made_of = made_of
        return self._context

    @property
    def certificate(self) -> bytes | None:
        """The client certificate in use."""
        pair = self._made_of[1]
        return pair.certificate if pair else None


def make_context(
    *, authority: bytes | None, pair: KeyPair | None, insecure: bool, title: str
) -> ssl.SSLContext:
    """A client context; without an authority the system's own are trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority is None:
        context.load_default_certs()
    else:
        _trust(context, authority, title=title)
    if pair is not None:
        _present(context, pair, title=title)
    return context


def _trust(context: ssl.SSLContext, authority: bytes, *, title: str) -> None:
    try:
        context.load_verify_locations(cadata=authority.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            f"the certificate-authority of {title} holds no PEM certificate",
            remedy="replace it by the cluster's CA bundle",
        ) from error


def _present(context: ssl.SSLContext, pair: KeyPair, *, title: str) -> None:
    try:
        with private_file(pair.key.rstrip() + b"\n" + pair.certificate) as path:
            context.load_cert_chain(path, password="")  # or OpenSSL asks on the terminal
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            f"client certificate and key of {title} cannot be used ({_reason(error)})",
            remedy="they must be PEM, belong together, and the key must not be encrypted",
        ) from error


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)


@contextlib.contextmanager
def private_file(data: bytes) -> Iterator[str]:
    """A path to these bytes that only this process's user can read, while the block runs."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        handle = os.memfd_create("pentad", os.MFD_CLOEXEC)
        try:
            _write(handle, data)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    with tempfile.TemporaryDirectory(prefix="pentad-") as folder:
        path = Path(folder) / "pair"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(handle, data)
        finally:
            os.close(handle)
        yield str(path)


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


_VERIFY = {
    9: "its certificate is not valid yet: compare the clocks",
    10: "its certificate has expired: renew it on the server",
    62: "its certificate is for other names: correct 'server' or set tls-server-name",
    64: "its certificate is for other addresses: correct 'server' or set tls-server-name",
}
_UNTRUSTED = "no certificate-authority of ours signed its certificate: correct it in the kubeconfig"
_ALERTS = {
    "CERTIFICATE_EXPIRED": "it says that our client certificate has expired: renew it",
    "CERTIFICATE_REQUIRED": "it wants a client certificate: add one to the kubeconfig's user",
    "UNKNOWN_CA": "it does not know who signed our client certificate",
    "BAD_CERTIFICATE": "it does not accept our client certificate",
    "CERTIFICATE_UNKNOWN": "it does not accept our client certificate",
    "WRONG_VERSION_NUMBER": "it does not speak TLS there: use http://, or another port",
}


def explain(error: BaseException) -> str | None:
    """What a failed handshake means and what to do about it; None if it was no such failure."""
    cause = _cause(error)
    if not isinstance(cause, ssl.SSLError):
        return None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _VERIFY.get(cause.verify_code, _UNTRUSTED)
    reason = cause.reason or ""
    known = (text for name, text in _ALERTS.items() if reason.endswith(name))
    return next(known, f"TLS failed ({reason or cause})")


def _cause(error: BaseException) -> BaseException:
    """What OpenSSL said, which others may have wrapped."""
    inner = error.__cause__ or error.__context__
    return error if isinstance(error, ssl.SSLError) or inner is None else _cause(inner)
