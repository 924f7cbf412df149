"""The certificates that are valid together, and how one set follows another without a gap.

    signer     the authority that signs
    serving    the certificate that the replicas show
    announced  the next authority: published, so that it is trusted before it signs anything
    retired    former authorities, each with the last certificate it signed

The bundle that the API server trusts is all authorities of the ring. `step` changes one thing at a
time, so that every certificate that some replica may still show verifies under the bundle before
and after the change:

- An authority is announced when a third of the signer's life is left, or when asked for.
- It begins to sign once it has been in force (`settled`): published, and not only just.
- The former one leaves when the last certificate it signed has expired: whoever still showed that
  one could not be trusted anyway.
- The serving certificate is renewed after two thirds of its life.

All of it follows from the certificates; nothing is remembered beside them. Pure functions.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

import attrs

from controller.runtime.webhook import certs
from controller.runtime.webhook.certs import CertificateError, facts
from informers.tls import KeyPair

AUTHORITY: Final = dt.timedelta(days=365)
SERVING: Final = dt.timedelta(days=30)
SETTLE: Final = dt.timedelta(minutes=10)
DUE: Final = 2 / 3
"""The share of a certificate's life after which the next one is due."""


@attrs.frozen(kw_only=True)
class Lives:
    """How long things last; `settle` is how long a bundle is published before it is relied on."""

    authority: dt.timedelta = AUTHORITY
    serving: dt.timedelta = SERVING
    settle: dt.timedelta = SETTLE


@attrs.frozen
class Retired:
    """A former authority, and the last certificate that it signed."""

    authority: bytes
    last: bytes


@attrs.frozen(kw_only=True)
class Ring:
    """The certificates of all replicas."""

    signer: KeyPair
    serving: KeyPair
    announced: KeyPair | None = None
    retired: tuple[Retired, ...] = ()

    @property
    def authorities(self) -> tuple[bytes, ...]:
        """All that are to be trusted."""
        announced = () if self.announced is None else (self.announced.certificate,)
        return (self.signer.certificate, *announced, *(old.authority for old in self.retired))

    @property
    def bundle(self) -> bytes:
        """The same as one text, in an order that only changes with the content."""
        return b"".join(sorted(self.authorities))


def new(names: Iterable[str], *, now: dt.datetime, lives: Lives) -> Ring:
    """A ring out of nothing."""
    signer = certs.make_authority(now=now, life=lives.authority)
    return Ring(
        signer=signer, serving=certs.sign(signer, names, now=now, until=now + lives.serving)
    )


def checked(ring: Ring) -> Ring:
    """The ring, if it holds together.

    Raises:
        CertificateError: If somebody put something else in its place.
    """
    certs.checked(ring.signer)
    certs.checked(ring.serving)
    if not certs.is_signed_by(ring.serving.certificate, ring.signer.certificate):
        raise CertificateError("the serving certificate was not signed by the authority beside it")
    if ring.announced is not None:
        certs.checked(ring.announced)
    for old in ring.retired:
        facts(old.authority)
        facts(old.last)
    return ring


def step(
    ring: Ring,
    names: frozenset[str],
    *,
    now: dt.datetime,
    lives: Lives,
    settled: bool = False,
    asked: bool = False,
) -> Ring | None:
    """The ring that follows this one, or None while it is right as it is.

    `settled` says that the announced authority is trusted by those who matter; `asked` that
    somebody wants another authority whatever its age.
    """
    kept = tuple(old for old in ring.retired if facts(old.last).not_after > now)
    if kept != ring.retired:
        return attrs.evolve(ring, retired=kept)
    if ring.announced is None and (asked or _is_due(ring.signer.certificate, now)):
        return attrs.evolve(ring, announced=certs.make_authority(now=now, life=lives.authority))
    if ring.announced is not None and (settled or facts(ring.serving.certificate).not_after <= now):
        return _hand_over(ring, ring.announced, names, now=now, lives=lives)
    if not names <= facts(ring.serving.certificate).names:
        both = names | facts(ring.serving.certificate).names
        return attrs.evolve(ring, serving=_renewed(ring, ring.signer, both, now=now, lives=lives))
    if _is_due(ring.serving.certificate, now) and _can_extend(ring, now=now, lives=lives):
        return attrs.evolve(ring, serving=_renewed(ring, ring.signer, names, now=now, lives=lives))
    return None


def due(ring: Ring, *, now: dt.datetime) -> dt.datetime:
    """The next moment at which time alone makes a step."""
    moments = [facts(old.last).not_after for old in ring.retired]
    moments += [_due(pair.certificate) for pair in (ring.signer, ring.serving)]
    return min((moment for moment in moments if moment > now), default=now + AUTHORITY)


def _hand_over(
    ring: Ring, signer: KeyPair, names: frozenset[str], *, now: dt.datetime, lives: Lives
) -> Ring:
    """The announced authority signs from now on."""
    return Ring(
        signer=signer,
        serving=_renewed(ring, signer, names, now=now, lives=lives),
        retired=(*ring.retired, Retired(ring.signer.certificate, ring.serving.certificate)),
    )


def _renewed(
    ring: Ring, signer: KeyPair, names: frozenset[str], *, now: dt.datetime, lives: Lives
) -> KeyPair:
    """The next serving certificate. It ends no earlier than the one before it.

    So the last one an authority signed is the last one of it to expire.
    """
    until = max(now + lives.serving, facts(ring.serving.certificate).not_after)
    return certs.sign(signer, names, now=now, until=until)


def _can_extend(ring: Ring, *, now: dt.datetime, lives: Lives) -> bool:
    """Whether a new certificate of the signer would live longer; not at the end of its own life."""
    until = min(now + lives.serving, facts(ring.signer.certificate).not_after)
    return until > facts(ring.serving.certificate).not_after


def _is_due(certificate: bytes, now: dt.datetime) -> bool:
    return now >= _due(certificate)


def _due(certificate: bytes) -> dt.datetime:
    found = facts(certificate)
    return found.not_before + (found.not_after - found.not_before) * DUE
