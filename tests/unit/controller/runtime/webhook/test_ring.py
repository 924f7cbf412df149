"""The ring of certificates: what follows when, and that nothing is trusted too late or too long."""

import datetime as dt
import random

import attrs
import pytest

from controller.runtime.webhook import certs, ring
from controller.runtime.webhook.certs import CertificateError, facts, is_signed_by
from controller.runtime.webhook.ring import Lives
from controller.runtime.webhook.vault import packed, unpacked
from tests.chaos.webhook_world import HOST, verify
from tests.kit.virtual import EPOCH, seeds

NAMES = frozenset({HOST, "127.0.0.1"})
LIVES = Lives()
DAY = dt.timedelta(days=1)


def made(now=EPOCH):
    """Return a fresh ring."""
    return ring.new(NAMES, now=now, lives=LIVES)


def stepped(of, now, **facts_):
    """Return the ring after the step that is due, or the same ring."""
    return ring.step(of, NAMES, now=now, lives=LIVES, **facts_) or of


def test_a_fresh_ring_is_right_as_it_is():
    """Its certificate is for the names and verifies under its bundle."""
    fresh = made()

    verify(fresh.serving.certificate, fresh.bundle, EPOCH)
    assert NAMES == facts(fresh.serving.certificate).names
    assert ring.step(fresh, NAMES, now=EPOCH, lives=LIVES) is None


def test_an_authority_is_trusted_before_it_signs_and_until_nothing_of_it_is_left():
    """Announced, settled, handed over, retired, gone: one step at a time."""
    first = made()

    announced = stepped(first, EPOCH, asked=True)
    assert (first.signer, first.serving) == (announced.signer, announced.serving)
    assert 2 == len(announced.authorities)
    assert announced == stepped(announced, EPOCH, asked=True)

    second = stepped(announced, EPOCH + DAY, settled=True)
    assert second.signer == announced.announced
    assert is_signed_by(second.serving.certificate, second.signer.certificate)
    assert set(announced.authorities) == set(second.authorities)

    last = facts(first.serving.certificate).not_after
    assert second.retired == stepped(second, last - dt.timedelta(seconds=1)).retired
    assert (second.signer.certificate,) == stepped(second, last).authorities


def test_an_authority_that_does_not_settle_signs_when_nothing_else_helps():
    """Once the certificate in use has expired there is nothing to lose."""
    announced = stepped(made(), EPOCH, asked=True)
    end = facts(announced.serving.certificate).not_after
    renewed = stepped(announced, EPOCH + 25 * DAY)

    assert renewed.signer == announced.signer
    assert announced.announced == stepped(announced, end).signer


def test_new_names_are_added_to_those_in_use():
    """Replicas of two versions do not take each other's names away."""
    more = ring.step(made(), frozenset({"other.svc"}), now=EPOCH, lives=LIVES)

    assert NAMES | {"other.svc"} == facts(more.serving.certificate).names
    assert ring.step(more, NAMES, now=EPOCH, lives=LIVES) is None


@pytest.mark.parametrize("seed", seeds(3))
def test_years_pass(seed):
    """At the shipped lives, over six years, what is shown and what was shown always verifies.

    Looked at when something is due or a little later, authorities settle or take their time, and
    some replica still shows the certificate before the last, while that is valid.
    """
    rng = random.Random(seed)
    now, held = EPOCH, made()
    shown, signers, steps = [held.serving], {held.signer.certificate}, 0
    while now < EPOCH + 6 * 365 * DAY:
        following = stepped(held, now, settled=rng.random() < 0.3, asked=rng.random() < 0.01)
        for bundle in (held.bundle, following.bundle):
            for pair in (following.serving, *shown[-2:]):
                if facts(pair.certificate).not_after > now:
                    verify(pair.certificate, bundle, now)
        if following is held:
            now = min(ring.due(held, now=now) + rng.random() * 3 * DAY, now + 20 * DAY)
        if following.serving != held.serving:
            shown.append(following.serving)
        steps += following is not held
        held = following
        signers.add(held.signer.certificate)
        assert len(held.authorities) <= 4

    assert len(signers) >= 7
    assert len(shown) >= 80
    assert steps < 3 * len(shown)


def test_a_certificate_never_outlives_its_authority():
    """Near an authority's end its certificates are shorter, and renewed no more than is of use."""
    held = made()
    end = facts(held.signer.certificate).not_after
    now, signed = end - 40 * DAY, []
    while now < end:
        following = ring.step(
            attrs.evolve(held, announced=held.signer), NAMES, now=now, lives=LIVES
        )
        if following is not None and following.signer == held.signer:
            signed.append(following.serving)
            held = attrs.evolve(following, announced=None)
        now += DAY

    assert all(facts(pair.certificate).not_after <= end for pair in signed)
    assert 1 <= len(signed) <= 4


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_ring_survives_its_secret(steps):
    """Packed and unpacked it is the same, at every stage."""
    held = made()
    for _ in range(steps):
        held = stepped(held, EPOCH, asked=True, settled=True)

    assert held == unpacked(packed(held))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"tls.key": None}, "tls.key missing", id="missing"),
        pytest.param({"tls.crt": "!"}, "not base64", id="no-base64"),
        pytest.param({"tls.crt": "YQ=="}, "not a certificate", id="no-certificate"),
        pytest.param({"ca.key": "YQ=="}, "not a private key", id="no-key"),
        pytest.param({"old-ca.crt": "ca.crt"}, "belong together", id="half-retired"),
        pytest.param({"ca.key": "tls.key"}, "belongs to another", id="wrong-key"),
        pytest.param({"ca.crt": "tls.crt", "ca.key": "tls.key"}, "not signed by", id="wrong-ca"),
    ],
)
def test_a_secret_that_somebody_spoilt_is_no_ring(change, problem):
    """It is found out before any of it is used."""
    data = packed(made())
    for key, value in change.items():
        data[key] = "" if value is None else data.get(value, value)

    with pytest.raises(CertificateError, match=problem):
        unpacked(data)


def test_a_key_of_another_kind_is_refused():
    """What this program did not make it does not sign with."""
    with pytest.raises(CertificateError, match="not a private key"):
        certs.checked(attrs.evolve(made().signer, key=b"-----BEGIN PRIVATE KEY-----\n"))
