"""When credentials are renewed, what happens when that fails, and who pays for it."""

import asyncio
import base64
import datetime as dt
import json

import pytest

from informers.connection import Connection, connect
from informers.credentials import Expiring, Issued, TokenFile, jwt_expiry
from informers.errors import ConfigError
from tests.kit.certificates import Authority
from tests.unit.informers.connection_world import START, ManualClock, kubeconfig, pod


class Source:
    """Hands out token 1, 2, 3 …, each alive for `life` seconds; fails while told to."""

    def __init__(self, clock, *, life=None):
        self.clock = clock
        self.life = life
        self.asked = 0
        self.failing = None

    async def obtain(self):
        """The next token."""
        self.asked += 1
        await asyncio.sleep(0)  # noqa: TID251 - others must get a chance to ask at the same time
        if self.failing:
            raise ConfigError(self.failing)
        expires = None if self.life is None else self.clock.now + dt.timedelta(seconds=self.life)
        return Issued(authorization=f"Bearer {self.asked}", expires=expires)


async def opened(clock, source):
    """A connection whose credential comes from the source."""
    found = Connection(server="http://h:1", credential=Expiring(source.obtain, clock), clock=clock)
    await found.open()
    return found


def jwt(expires: dt.datetime) -> str:
    """A token that says when it expires."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires.timestamp()}).encode())
    return f"e30.{claims.decode().rstrip('=')}.c2ln"


@pytest.mark.parametrize(
    ("life", "kept", "renewed"),
    [(3600, 3539, 3541), (300, 239, 241), (60, 47, 49), (10, 7, 9)],
    ids=["an hour", "five minutes", "a minute", "ten seconds"],
)
async def test_an_expiring_credential_is_renewed_shortly_before_its_end(life, kept, renewed):
    """A minute before expiry, or after four fifths of a short life, the source is asked again."""
    clock = ManualClock()
    source = Source(clock, life=life)
    found = await opened(clock, source)
    start = clock.monotonic()

    while clock.monotonic() - start < kept:
        clock.advance(min(found.due - clock.monotonic(), kept - (clock.monotonic() - start)))
        assert not await found.refresh()
    clock.advance(renewed - kept)

    assert await found.refresh()
    assert "Bearer 2" == found.headers()["Authorization"]


async def test_a_credential_without_expiry_is_asked_for_once():
    """What never expires is never due."""
    clock = ManualClock()
    source = Source(clock)
    found = await opened(clock, source)
    clock.advance(10_000_000)

    assert not await found.refresh()
    assert (1, float("inf")) == (source.asked, found.due)


async def test_a_suspended_machine_does_not_carry_an_expired_credential():
    """The time of day counts: an hour of suspension is seen at the next check, a minute later."""
    clock = ManualClock()
    source = Source(clock, life=3600)
    found = await opened(clock, source)
    clock.suspend(4000)
    clock.advance(60)

    assert found.due <= clock.monotonic()
    assert await found.refresh()


async def test_a_failing_source_leaves_the_old_credential_in_use():
    """While the old one lives a failed renewal raises nothing, is remembered, and is repeated."""
    clock = ManualClock()
    source = Source(clock, life=100)
    found = await opened(clock, source)
    source.failing = "the plugin broke"
    clock.advance(85)

    assert not await found.refresh()
    assert "the plugin broke" == str(found.failure)
    assert "Bearer 1" == found.headers()["Authorization"]
    assert 10 == found.due - clock.monotonic()

    source.failing = None
    clock.advance(10)

    assert await found.refresh()
    assert found.failure is None


async def test_an_expired_credential_that_cannot_be_renewed_raises():
    """Once the old credential is dead the reason is raised, without asking in a storm."""
    clock = ManualClock()
    source = Source(clock, life=100)
    found = await opened(clock, source)
    source.failing = "the plugin broke"
    clock.advance(101)

    for _ in range(5):
        with pytest.raises(ConfigError, match="the plugin broke"):
            await found.refresh(force=True)

    assert 2 == source.asked


async def test_a_401_forces_a_renewal_but_not_a_storm_of_them():
    """After a 401 the source is asked at once; further ones within ten seconds are not asked."""
    clock = ManualClock()
    source = Source(clock)
    found = await opened(clock, source)

    assert await found.refresh(force=True)
    assert not await found.refresh(force=True)
    clock.advance(10)
    assert await found.refresh(force=True)
    assert 3 == source.asked


async def test_many_requests_share_one_renewal():
    """Fifty requests that were refused at once cause one renewal, and all learn of it."""
    clock = ManualClock()
    source = Source(clock)
    found = await opened(clock, source)

    async with asyncio.TaskGroup() as group:
        refreshes = [group.create_task(found.refresh(force=True)) for _ in range(50)]

    assert 2 == source.asked
    assert all(task.result() for task in refreshes)


async def test_a_renewal_cancelled_halfway_is_taken_up_by_the_next():
    """When the request that renews is cancelled, one that waited for it renews instead."""
    clock = ManualClock()
    source = Source(clock, life=100)
    found = await opened(clock, source)
    clock.advance(90)

    async with asyncio.TaskGroup() as group:
        first = group.create_task(found.refresh())
        second = group.create_task(found.refresh())
        await asyncio.sleep(0)  # noqa: TID251 - let the first begin
        first.cancel()

    assert first.cancelled()
    assert second.result()


async def test_a_credential_that_is_expired_on_arrival_is_used_without_a_storm():
    """Some clock is wrong: the server decides, and the source is asked every ten seconds only."""
    clock = ManualClock()
    source = Source(clock, life=-5)
    found = await opened(clock, source)

    assert not await found.refresh()
    clock.advance(10)
    assert await found.refresh()
    assert 2 == source.asked


async def test_a_token_file_is_read_again_every_minute(tmp_path):
    """A rotated token is in use after a minute at most, without anyone being refused."""
    clock = ManualClock()
    environ = pod(tmp_path, token="old\n")
    found = await connect(environ=environ, service_account=tmp_path, clock=clock)
    (tmp_path / "token").write_text("new\n")
    clock.advance(59)

    assert not await found.refresh()
    assert "Bearer old" == found.headers()["Authorization"]
    clock.advance(1)
    assert await found.refresh()
    assert "Bearer new" == found.headers()["Authorization"]


async def test_a_token_file_is_read_at_once_after_a_401(tmp_path):
    """A refused token is looked up again without waiting."""
    clock = ManualClock()
    found = await connect(environ=pod(tmp_path), service_account=tmp_path, clock=clock)
    (tmp_path / "token").write_text("new")

    assert await found.refresh(force=True)
    assert "Bearer new" == found.headers()["Authorization"]
    assert not await found.refresh(force=True)


@pytest.mark.parametrize("damage", ["gone", "empty"])
async def test_a_damaged_token_file_leaves_the_old_token_in_use(tmp_path, damage):
    """A token file that is missing or empty for a moment changes nothing but `failure`."""
    clock = ManualClock()
    found = await connect(environ=pod(tmp_path), service_account=tmp_path, clock=clock)
    (tmp_path / "token").unlink()
    if damage == "empty":
        (tmp_path / "token").touch()
    clock.advance(60)

    assert not await found.refresh()
    assert found.failure is not None
    assert "Bearer pod-token" == found.headers()["Authorization"]
    (tmp_path / "token").write_text("back")
    clock.advance(10)
    assert await found.refresh()
    assert found.failure is None


async def test_a_token_stands_in_until_its_file_appears(tmp_path):
    """With both token and tokenFile the file wins, and the token serves while there is no file."""
    clock = ManualClock()
    path = kubeconfig(tmp_path / "config", user={"token": "fixed", "tokenFile": "t"})
    found = await connect(kubeconfig=path, clock=clock)
    assert "Bearer fixed" == found.headers()["Authorization"]
    (tmp_path / "t").write_text("from-file")
    clock.advance(10)

    assert await found.refresh()
    assert "Bearer from-file" == found.headers()["Authorization"]


async def test_rotated_authority_and_pair_make_a_new_context(tmp_path):
    """New certificate files mean another context object; the same content means the same one."""
    clock = ManualClock()
    authority = Authority()
    certificate, key = authority.issue()
    for name, text in (("ca", authority.pem), ("crt", certificate), ("key", key)):
        (tmp_path / name).write_text(text)
    path = kubeconfig(
        tmp_path / "config",
        cluster={"server": "https://h:1", "certificate-authority": "ca"},
        user={"client-certificate": "crt", "client-key": "key"},
    )
    found = await connect(kubeconfig=path, clock=clock)
    first = found.ssl_context
    (tmp_path / "ca").write_text(authority.pem)
    assert not await found.refresh(force=True)
    assert first is found.ssl_context

    certificate, key = authority.issue()
    (tmp_path / "crt").write_text(certificate)
    assert not await found.refresh(force=True), "half a pair is not a pair"
    assert first is found.ssl_context
    assert "cannot be used" in str(found.failure)
    (tmp_path / "key").write_text(key)
    clock.advance(found.due - clock.monotonic())
    assert await found.refresh()
    second = found.ssl_context
    (tmp_path / "ca").write_text(Authority("next").pem)
    clock.advance(60)

    assert await found.refresh()
    assert 3 == len({id(first), id(second), id(found.ssl_context)})
    assert found.failure is None


@pytest.mark.parametrize(
    "token",
    ["", "opaque", "a.b", "a.%%.c", "e30.e30.e30", "e30.eyJleHAiOiAieCJ9.e30", "e30.W10.e30"],
    ids=["empty", "opaque", "two parts", "no base64", "no exp", "exp is text", "claims are a list"],
)
def test_what_is_no_jwt_has_no_expiry(token):
    """Anything but a JSON Web Token with a number as exp has no known expiry."""
    assert jwt_expiry(token) is None


async def test_a_401_is_explained_by_what_expired(tmp_path):
    """The explanation names what has expired: a token by its own word, or a certificate."""
    clock = ManualClock()
    token = jwt(START - dt.timedelta(hours=1))
    by_token = await connect(
        kubeconfig=kubeconfig(tmp_path / "t", user={"token": token}), clock=clock
    )
    certificate, key = Authority().issue()  # good for a day around the true now, long before START
    encoded = {
        f"client-{name}-data": base64.b64encode(text.encode()).decode()
        for name, text in (("certificate", certificate), ("key", key))
    }
    path = kubeconfig(tmp_path / "c", cluster={"server": "https://h:1"}, user=encoded)
    by_certificate = await connect(kubeconfig=path, clock=clock)
    nobody = await connect(kubeconfig=kubeconfig(tmp_path / "n"), clock=clock)

    assert "the token of user 'main' in" in by_token.explain_unauthorized()
    assert "expired on 2029-12-31 23:00 UTC: renew it" in by_token.explain_unauthorized()
    assert "the client certificate of user 'main' in" in by_certificate.explain_unauthorized()
    assert "has no credentials: add a token" in nobody.explain_unauthorized()


async def test_a_token_file_on_its_own_is_due_from_the_start(tmp_path):
    """A TokenFile reads on its first refresh, which needs no force."""
    (tmp_path / "token").write_text("t")
    found = TokenFile(tmp_path / "token", "test", ManualClock())

    await found.refresh(force=False)

    assert "Bearer t" == found.authorization
