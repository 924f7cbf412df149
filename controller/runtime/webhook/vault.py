"""Where the replicas keep the ring of certificates they share: one Secret.

Whoever is first creates it; every change is a compare-and-swap on its resourceVersion, so of two
replicas that take the same step one learns that it was late. What others put into the Secret stays.

`pentad.dev/rotate`, an annotation with any value, asks for a new authority; the change that answers
it takes it off.
"""

import base64
import binascii
from typing import Any, Final, Protocol

import attrs
import msgspec

from controller.runtime.permissions import CERTIFICATES
from controller.runtime.webhook import certs, ring
from controller.runtime.webhook.certs import CertificateError
from controller.runtime.webhook.ring import Retired, Ring
from informers.client import Client
from informers.errors import AlreadyExists, Conflict, NotFound
from informers.meta.builtin import SECRET
from informers.tls import KeyPair

ROTATE: Final = "pentad.dev/rotate"
MANAGER: Final = "pentad-webhook"
_SIGNER: Final = ("ca.crt", "ca.key")
_SERVING: Final = ("tls.crt", "tls.key")
_ANNOUNCED: Final = ("next-ca.crt", "next-ca.key")
_RETIRED: Final = ("old-ca.crt", "old-tls.crt")


@attrs.frozen(kw_only=True)
class Held:
    """What the vault holds: a ring, or the reason why it is none."""

    ring: Ring | None
    problem: str = ""
    asked: bool = False
    source: Any = None


class Vault(Protocol):
    """A place for one ring."""

    async def read(self) -> Held | None:
        """What is there now; None if there is nothing."""
        ...

    async def create(self, made: Ring) -> None:
        """Put the first ring there.

        Raises:
            AlreadyExists: If somebody was faster.
        """
        ...

    async def replace(self, held: Held, following: Ring) -> None:
        """Put another in the place of the one read.

        Raises:
            Conflict: If somebody changed it meanwhile.
        """
        ...


class SecretVault:
    """The vault of replicas in a cluster."""

    def __init__(self, client: Client, namespace: str, *, name: str = CERTIFICATES) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name

    async def read(self) -> Held | None:
        """Read the Secret, live."""
        try:
            found = await self._client.get(SECRET, self._name, namespace=self._namespace)
        except NotFound:
            return None
        secret = msgspec.json.decode(found.raw)
        asked = ROTATE in (secret["metadata"].get("annotations") or {})
        try:
            return Held(ring=unpacked(secret.get("data") or {}), asked=asked, source=secret)
        except CertificateError as error:
            return Held(ring=None, problem=str(error), asked=asked, source=secret)

    async def create(self, made: Ring) -> None:
        """Create the Secret."""
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "type": "Opaque",
            "data": packed(made),
        }
        await self._client.create(SECRET, secret, namespace=self._namespace, manager=MANAGER)

    async def replace(self, held: Held, following: Ring) -> None:
        """Update the Secret, if it is still the one that was read."""
        secret, ours = held.source, {*_SIGNER, *_SERVING, *_ANNOUNCED, *_RETIRED}
        theirs = {
            key: value for key, value in (secret.get("data") or {}).items() if key not in ours
        }
        annotations = secret["metadata"].get("annotations") or {}
        kept = {key: value for key, value in annotations.items() if key != ROTATE}
        changed = secret | {
            "metadata": secret["metadata"] | {"annotations": kept},
            "data": theirs | packed(following),
        }
        await self._client.update(
            SECRET, self._name, changed, namespace=self._namespace, manager=MANAGER
        )


class MemoryVault:
    """The vault of a program that shares its certificates with nobody."""

    def __init__(self) -> None:
        self._held: Held | None = None

    async def read(self) -> Held | None:
        """What is there now."""
        return self._held

    async def create(self, made: Ring) -> None:
        """Put the first ring there."""
        if self._held is not None:
            raise AlreadyExists("there is a ring", code=409)
        self._held = Held(ring=made)

    async def replace(self, held: Held, following: Ring) -> None:
        """Put another in its place."""
        if held is not self._held:
            raise Conflict("it has changed", code=409)
        self._held = Held(ring=following)

    def ask(self) -> None:
        """Ask for a new authority."""
        if self._held is not None:
            self._held = attrs.evolve(self._held, asked=True)


def packed(made: Ring) -> dict[str, str]:
    """The ring as data of a Secret."""
    blobs = {
        **_pair(_SIGNER, made.signer),
        **_pair(_SERVING, made.serving),
        **(_pair(_ANNOUNCED, made.announced) if made.announced else {}),
    }
    if made.retired:
        blobs[_RETIRED[0]] = b"".join(old.authority for old in made.retired)
        blobs[_RETIRED[1]] = b"".join(old.last for old in made.retired)
    return {name: base64.b64encode(blob).decode() for name, blob in blobs.items()}


def unpacked(data: dict[str, str]) -> Ring:
    """The ring in a Secret's data.

    Raises:
        CertificateError: If there is no whole ring in it.
    """
    try:
        blobs = {name: base64.b64decode(text, validate=True) for name, text in data.items()}
    except (binascii.Error, ValueError) as error:
        raise CertificateError(f"not base64: {error}") from error
    if missing := [name for name in (*_SIGNER, *_SERVING) if not blobs.get(name)]:
        raise CertificateError(f"{', '.join(missing)} missing")
    authorities, lasts = (certs.split(blobs.get(name, b"")) for name in _RETIRED)
    if len(authorities) != len(lasts):
        raise CertificateError(f"{_RETIRED[0]} and {_RETIRED[1]} do not belong together")
    is_announced = all(blobs.get(name) for name in _ANNOUNCED)
    return ring.checked(
        Ring(
            signer=KeyPair(*(blobs[name] for name in _SIGNER)),
            serving=KeyPair(*(blobs[name] for name in _SERVING)),
            announced=KeyPair(*(blobs[name] for name in _ANNOUNCED)) if is_announced else None,
            retired=tuple(map(Retired, authorities, lasts)),
        )
    )


def _pair(names: tuple[str, str], pair: KeyPair) -> dict[str, bytes]:
    return dict(zip(names, (pair.certificate, pair.key), strict=True))
