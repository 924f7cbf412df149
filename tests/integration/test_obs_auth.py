"""Metrics behind TLS and TokenReview/SubjectAccessReview, on a real API server."""

import asyncio
import secrets
import ssl

import pytest

from controller.runtime.obs.answer import Ask
from controller.runtime.obs.auth import REMEMBERED, Gatekeeper
from controller.runtime.obs.bridge import Bridge
from controller.runtime.obs.certificates import CertificateFiles
from informers.client import Client
from informers.connection import connect
from informers.errors import ConfigError
from tests.integration.obs_world import get, observed
from tests.integration.test_obs_servers import CRD
from tests.kit.certificates import Authority
from tests.kit.crds import install_crds
from tests.kit.eventually import eventually

RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Accounts:
    """Service accounts, with and without the permission to scrape."""

    def __init__(self, rest, namespace):
        self._rest = rest
        self._namespace = namespace
        self._path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        self._roles = []

    def token(self, name):
        """Return a token of a new account."""
        self._rest.create(self._path, {"kind": "ServiceAccount", "metadata": {"name": name}})
        return self._rest.token(self._namespace, name)

    def allow(self, name, path):
        """Let an account get a path."""
        role = f"test-{secrets.token_hex(4)}"
        self._roles.append(role)
        meta = {"metadata": {"name": role}}
        rules = [{"nonResourceURLs": [path], "verbs": ["get"]}]
        self._rest.create(f"{RBAC}/clusterroles", {"kind": "ClusterRole", "rules": rules} | meta)
        subject = {"kind": "ServiceAccount", "name": name, "namespace": self._namespace}
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
        self._rest.create(
            f"{RBAC}/clusterrolebindings",
            {"kind": "ClusterRoleBinding", "subjects": [subject], "roleRef": ref} | meta,
        )

    def clean(self):
        """Remove the roles."""
        for role in self._roles:
            self._rest.delete(f"{RBAC}/clusterrolebindings/{role}")
            self._rest.delete(f"{RBAC}/clusterroles/{role}")


@pytest.fixture
def accounts(rest, namespace):
    """Make service accounts in the test's namespace."""
    found = Accounts(rest, namespace)
    yield found
    found.clean()


@pytest.fixture
async def gate(cluster):
    """Return a gatekeeper before the cluster, and its clock, which the test moves."""
    moment = [0.0]
    client, bridge = Client(await connect(kubeconfig=cluster.kubeconfig)), Bridge()
    await bridge.start()
    yield Gatekeeper(client, bridge, now=lambda: moment[0]), moment
    await bridge.stop()
    await client.close()


def bearing(token, path="/metrics"):
    """Return a question with a token."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Ask(method="GET", path=path, query={}, headers=headers, peer="192.0.2.1")


async def refused(gatekeeper, ask):
    """Ask from a thread, as servers do; return the code, 200 when let in."""
    answer = await asyncio.to_thread(gatekeeper.refusal, ask)
    return (200, "") if answer is None else (answer.code, answer.body.decode())


async def test_only_who_may_is_let_in(gate, accounts):
    """No token and unknown tokens are 401, no permission 403 with the remedy, else 200."""
    gatekeeper, _ = gate
    token = accounts.token("scraper")

    assert (await refused(gatekeeper, bearing("")))[0] == 401
    assert (await refused(gatekeeper, bearing("nonsense")))[0] == 401
    code, text = await refused(gatekeeper, bearing(token))
    assert code == 403
    assert "scraper may not get /metrics" in text
    assert "nonResourceURLs [/metrics]" in text


async def test_answers_are_remembered_for_a_while(gate, accounts):
    """A refusal lasts 30 s, a token a minute, a permission five; then the server is asked again."""
    gatekeeper, moment = gate
    token = accounts.token("scraper")
    assert (await refused(gatekeeper, bearing(token)))[0] == 403
    accounts.allow("scraper", "/metrics")
    assert (await refused(gatekeeper, bearing(token)))[0] == 403
    assert gatekeeper.reviews == 2

    async def let_in():
        moment[0] += 31
        return (await refused(gatekeeper, bearing(token)))[0]

    await eventually(let_in, equals=200)  # the server's own authorizer takes a moment
    asked = gatekeeper.reviews
    assert (await refused(gatekeeper, bearing(token)))[0] == 200
    assert gatekeeper.reviews == asked
    moment[0] += 61
    assert (await refused(gatekeeper, bearing(token)))[0] == 200
    assert gatekeeper.reviews == asked + 1
    moment[0] += 300
    assert (await refused(gatekeeper, bearing(token)))[0] == 200
    assert gatekeeper.reviews == asked + 3


async def test_what_is_remembered_is_bounded(gate):
    """A flood of made-up tokens takes no more than a fixed number of places."""
    gatekeeper, _ = gate
    for number in range(REMEMBERED + 50):
        gatekeeper._users.put(b"%d" % number, None, 60.0)

    assert REMEMBERED == len(gatekeeper._users)


async def test_metrics_over_tls_for_who_may(cluster, namespace, accounts, kubectl, tmp_path):
    """The whole way: TLS, token, permission; and a new certificate without a restart."""
    install_crds(kubectl, CRD)
    token = accounts.token("scraper")
    accounts.allow("scraper", "/metrics")
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    settings = {"metrics_auth": True, "metrics_cert": str(certificate), "metrics_key": str(key)}

    def install(authority):
        for file, text in zip((certificate, key), authority.issue(), strict=True):
            file.write_text(text)

    old, new = Authority("old"), Authority("new")
    install(old)
    async with observed(cluster, namespace, **settings) as world:
        port = world.port("metrics")

        async def scrape(authority, **headers):
            return await get(port, "/metrics", trusting=authority.pem, **headers)

        assert (await scrape(old)).code == 401
        allowed = {"Authorization": f"Bearer {token}"}
        await eventually(
            lambda: scrape(old, **allowed), where=lambda page: page.code == 200, within=60
        )
        install(new)
        assert "pentad_reconcile_total" in (await scrape(new, **allowed)).text
        with pytest.raises(ssl.SSLCertVerificationError):
            await scrape(old, **allowed)


def test_half_written_certificates_leave_the_old_ones_serving(tmp_path):
    """A key that does not fit its certificate is not taken; when both fit they are."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    authority = Authority()
    pem, secret = authority.issue()
    certificate.write_text(pem)
    key.write_text(secret)
    files = CertificateFiles(str(certificate), str(key))
    first = files.context()

    assert files.context() is first
    pem, secret = authority.issue("other.example")
    certificate.write_text(pem)
    assert files.context() is first
    assert files.failures == 1
    key.write_text(secret)
    assert files.context() is not first
    assert files.loads == 2


def test_a_missing_certificate_is_one_clear_line(tmp_path):
    """The error names the files and what to give."""
    files = CertificateFiles(str(tmp_path / "a.crt"), str(tmp_path / "a.key"))

    with pytest.raises(ConfigError, match=r"cannot use the certificate .*a\.crt and .*PEM"):
        files.context()
