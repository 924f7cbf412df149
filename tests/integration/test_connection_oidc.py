"""OIDC logins against an identity provider that speaks TLS."""

import base64
import datetime as dt
import json

import pytest
import yaml

from informers.connection import connect
from informers.errors import ConfigError
from tests.kit.faults import Match
from tests.kit.scripted import ScriptedServer
from tests.unit.informers.connection_world import START, ManualClock, kubeconfig


def id_token(expires: dt.datetime) -> str:
    """An ID token of which only the expiry matters."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires.timestamp()}).encode())
    return f"e30.{claims.decode().rstrip('=')}.c2ln"


class Provider:
    """Answers discovery and hands out tokens; remembers what it was asked."""

    def __init__(self, answer, *, status=200):
        self.answer = answer
        self.status = status
        self.server = ScriptedServer(always=self._serve, tls=True)

    async def _serve(self, peer):
        await peer.expect(Match(path="/.well-known/openid-configuration$"))
        endpoint = {"token_endpoint": f"{self.server.url}/token"}
        await peer.reply(json.dumps(endpoint).encode())
        await peer.expect(Match(method="POST", path="/token$"))
        await peer.reply(json.dumps(self.answer).encode(), status=self.status)

    @property
    def forms(self):
        """The bodies of the token requests."""
        return [r.body.decode() for r in self.server.requests if r.method == "POST"]


def config_of(path, provider, *, trusts=True, **tokens):
    """A kubeconfig whose user logs in at the provider."""
    config = {"idp-issuer-url": provider.server.url, "client-id": "pentad", **tokens}
    if trusts:
        pem = provider.server.authority.pem.encode()
        config["idp-certificate-authority-data"] = base64.b64encode(pem).decode()
    return kubeconfig(path, user={"auth-provider": {"name": "oidc", "config": config}})


def stored(path):
    """The auth-provider's configuration as it is on disk now."""
    users = yaml.safe_load(path.read_text())["users"]
    return users[0]["user"]["auth-provider"]["config"]


HOUR = dt.timedelta(hours=1)
NEW = id_token(START + 2 * HOUR)


async def test_a_living_id_token_is_used_without_asking(tmp_path):
    """While the ID token of the kubeconfig lives, the provider is not asked."""
    token = id_token(START + HOUR)
    with (provider := Provider({})).server:
        path = config_of(tmp_path / "config", provider, **{"id-token": token})
        found = await connect(kubeconfig=path, clock=ManualClock())
        assert [] == provider.forms

    assert f"Bearer {token}" == found.headers()["Authorization"]


async def test_an_expired_id_token_is_renewed_and_kept(tmp_path):
    """An expired ID token is replaced through the refresh token, and both are written back."""
    old = id_token(START - HOUR)
    with (provider := Provider({"id_token": NEW, "refresh_token": "second"})).server:
        path = config_of(
            tmp_path / "config", provider, **{"id-token": old, "refresh-token": "first"}
        )
        path.chmod(0o640)
        found = await connect(kubeconfig=path, clock=ManualClock())
        assert ["grant_type=refresh_token&refresh_token=first"] == provider.forms

    assert f"Bearer {NEW}" == found.headers()["Authorization"]
    assert (NEW, "second") == (stored(path)["id-token"], stored(path)["refresh-token"])
    assert 0o640 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


async def test_the_id_token_is_renewed_before_it_runs_out(tmp_path):
    """A running program asks for the next ID token a minute before the old one ends."""
    clock = ManualClock()
    with (provider := Provider({"id_token": NEW})).server:
        tokens = {"id-token": id_token(START + HOUR), "refresh-token": "kept"}
        path = config_of(tmp_path / "config", provider, **tokens)
        found = await connect(kubeconfig=path, clock=clock)
        clock.advance(3541)

        assert await found.refresh()

    assert f"Bearer {NEW}" == found.headers()["Authorization"]
    assert "kept" == stored(path)["refresh-token"]


async def test_a_provider_that_cannot_be_trusted_gets_no_refresh_token(tmp_path):
    """Without the provider's authority its certificate is refused, and nothing is sent."""
    with (provider := Provider({"id_token": NEW})).server:
        path = config_of(tmp_path / "config", provider, trusts=False, **{"refresh-token": "first"})
        with pytest.raises(ConfigError, match=r"gave no new token .*CERTIFICATE_VERIFY_FAILED"):
            await connect(kubeconfig=path, clock=ManualClock())
        assert [] == provider.server.requests


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        ({"error": "invalid_grant"}, 400, r"gave no new token .*failed to refresh.*log in again"),
        ({}, 200, r"returned no id_token: ask for the scopes openid"),
        ([], 200, r"gave no new token .*type list"),
    ],
    ids=["refused", "no token", "a list"],
)
async def test_a_refusal_is_told_in_one_line(tmp_path, answer, status, expected):
    """Whatever the provider refuses with, the line says to log in again."""
    with (provider := Provider(answer, status=status)).server:
        path = config_of(tmp_path / "config", provider, **{"refresh-token": "first"})
        with pytest.raises(ConfigError, match=expected) as caught:
            await connect(kubeconfig=path, clock=ManualClock())

    assert "\n" not in str(caught.value)


async def test_an_expired_id_token_without_a_refresh_token(tmp_path):
    """With nothing to renew by, the remedy is a new login."""
    with (provider := Provider({})).server:
        path = config_of(tmp_path / "config", provider, **{"id-token": id_token(START - HOUR)})
        with pytest.raises(ConfigError, match="has expired and there is no refresh-token: log in"):
            await connect(kubeconfig=path, clock=ManualClock())
