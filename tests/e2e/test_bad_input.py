"""Section E6: what can be wrong around a manager, each answered by the program itself.

Where only a person can help there is one clear line with the remedy and an exit code; where waiting
is right it waits and says for what.
"""

import json
import signal
import socket

import pytest
import yaml

from hack.gen import rbac
from hack.gen.crd import definitions
from informers.clock import LoopClock
from informers.meta.microtime import MicroTime
from tests.e2e.conftest import PROGRAM
from tests.e2e.ghost_manager import Ghost
from tests.integration.connection_world import kubeconfig_for
from tests.kit.certificates import expired_client
from tests.kit.eventually import eventually, eventually_blocking
from tests.kit.scripted import ScriptedServer
from tests.kit.widget.family import WIDGET_FAMILY

GHOST = [*PROGRAM[:-1], "tests.e2e.ghost_manager"]
WRONG = 2


def kubeconfig(path, **cluster):
    """Write a kubeconfig with a token for a server of the test's own."""
    document = {
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(json.dumps(document))
    return path


def last_words(manager):
    """Return the one line a manager ends with, after it has ended as it should."""
    assert WRONG == manager.wait(), manager.text()
    assert "Traceback" not in manager.text()
    [line] = [line for line in manager.text().splitlines() if line.startswith("pentad: ")]
    assert line == manager.text().splitlines()[-1]
    return line


async def waits(manager, event, field, says, *, within=30):
    """Wait until the manager has said that it waits, and for what."""

    def told():
        return [line[field] for line in manager.lines() if line["event"] == event]

    await eventually(told, where=lambda found: any(says in one for one in found), within=within)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist: name another file with --kubeconfig"),
        ("a: [1\nb: 2\n", "is not valid YAML at line 2"),
        ("kind: Pod\n", "is not a kubeconfig"),
        ("kind: Config\ncurrent-context: x\n", "context 'x' does not exist"),
    ],
    ids=["missing", "no YAML", "another file", "no context"],
)
def test_a_kubeconfig_that_cannot_be_used(start, tmp_path, content, says):
    """The file is named, and what is wrong with it."""
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)

    line = last_words(start(f"--kubeconfig={path}"))

    assert str(path) in line
    assert says in line


def test_credentials_that_expired(start, cluster, tmp_path):
    """The certificate is named with the day it expired, and to be renewed."""
    user = expired_client(cluster.admin.authority, "late")
    path = kubeconfig_for(tmp_path / "expired", cluster.kubeconfig, user=user)

    line = last_words(start(f"--kubeconfig={path}"))

    assert f"{cluster.server} refuses us: the client certificate of user 'u'" in line
    assert "expired on " in line
    assert "renew it" in line


def test_credentials_that_are_not_accepted(start, cluster, tmp_path):
    """A token that nobody knows is refused at once; waiting would not help."""
    path = kubeconfig_for(tmp_path / "wrong", cluster.kubeconfig, user={"token": "made-up"})

    assert "log in again, or check the server" in last_words(start(f"--kubeconfig={path}"))


def test_a_server_that_is_not_trusted(start, tmp_path):
    """A certificate of an unknown authority ends it: that does not pass by waiting."""
    with ScriptedServer(tls=True, always=silence) as server:
        path = kubeconfig(tmp_path / "kubeconfig", server=server.url)
        line = last_words(start(f"--kubeconfig={path}"))

    assert "certificate" in line
    assert server.url in line


async def silence(peer):
    """Say nothing."""
    await peer.silence()


def test_a_server_that_cannot_be_reached(start, tmp_path):
    """It may be starting, so it is waited for, which is said; then the last error is."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server = f"http://127.0.0.1:{closed.getsockname()[1]}"
    path = kubeconfig(tmp_path / "kubeconfig", server=server)
    manager = start(f"--kubeconfig={path}", "--sync-seconds=5")

    assert f"gave up after 5 s: cannot reach {server}" in last_words(manager)
    assert 2 == manager.events().count("waiting_for_api_server")


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name
)
def test_who_waits_for_a_server_can_be_told_to_stop(start, tmp_path, number):
    """At once and cleanly: nobody has to kill it, also where it is the first process of all."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server = f"http://127.0.0.1:{closed.getsockname()[1]}"
    manager = start(f"--kubeconfig={kubeconfig(tmp_path / 'kubeconfig', server=server)}")
    eventually_blocking(
        lambda: "waiting_for_api_server" in manager.events(), within=20, equals=True
    )

    manager.popen.send_signal(number)

    assert 0 == manager.wait(within=5)
    assert "Traceback" not in manager.text()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, {"major": "1", "minor": "29", "gitVersion": "v1.29.14"}, "upgrade it to 1.30"),
        (200, {"hello": "world"}, "does not answer as a Kubernetes API server does"),
        (404, {}, "correct the server's address in the kubeconfig"),
    ],
    ids=["too old", "another API", "a web site"],
)
def test_a_server_that_is_not_the_right_one(start, tmp_path, status, body, says):
    """The first answer decides, before anything is watched or written."""

    async def answer(peer):
        while True:
            await peer.request()
            await peer.reply(json.dumps(body).encode(), status=status)

    with ScriptedServer(always=answer) as server:
        path = kubeconfig(tmp_path / "kubeconfig", server=server.url)
        line = last_words(start(f"--kubeconfig={path}", "--leader-elect=false"))

        assert {"/version"} == {request.path for request in server.requests}
    assert server.url in line
    assert says in line


@pytest.fixture
def nobody(cluster, rest, namespace, tmp_path):
    """Return a kubeconfig of a ServiceAccount that may do nothing yet."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    rest.create(path, {"metadata": {"name": "nobody"}})
    user = {"token": rest.token(namespace, "nobody")}
    return kubeconfig_for(tmp_path / "nobody", cluster.kubeconfig, user=user)


def grant(kubectl, namespace, *documents):
    """Apply generated roles in the namespace, bound to its ServiceAccount."""
    for document in documents:
        document["metadata"] = {"name": document["metadata"]["name"], "namespace": namespace}
        for subject in document.get("subjects", ()):
            subject |= {"name": "nobody", "namespace": namespace}
        if "rules" in document:
            document["rules"] = [rule.item for rule in document["rules"]]
        kubectl("apply", "-f", "-", stdin=yaml.safe_dump(document))


@pytest.mark.usefixtures("widgets")
async def test_a_user_without_permissions_waits_for_them(start, nobody, kubectl, namespace):
    """It says which and how to get them, for the caches, then for the Lease; then it leads."""
    manager = start(f"--kubeconfig={nobody}", "--retry-seconds=1")
    user = f'User "system:serviceaccount:{namespace}:nobody" cannot'
    await waits(manager, "waiting_for_cache", "obstacle", user)
    await waits(manager, "waiting_for_cache", "obstacle", "on widgets.test.pentad.dev to this user")
    await waits(manager, "waiting_for_cache", "obstacle", "grant get, list and watch on configmaps")

    grant(kubectl, namespace, *rbac.family_roles(WIDGET_FAMILY, scope="Role"))
    await waits(
        manager, "election_request_failed", "reason", f'{user} get resource "leases"', within=60
    )
    await waits(manager, "election_request_failed", "reason", "-k manifests/rbac/manager")
    assert "workers_started" not in manager.events()

    grant(kubectl, namespace, *rbac.own_runtime_roles())
    await eventually(lambda: "workers_started" in manager.events(), within=30)
    assert 0 == manager.stop()


@pytest.mark.usefixtures("widgets")
def test_a_user_who_is_never_granted_anything_ends(start, nobody):
    """After the time for the first caches, with everything that is missing in one line."""
    line = last_words(start(f"--kubeconfig={nobody}", "--sync-seconds=6"))

    assert "the caches of controller widget are not complete after 6 s: " in line
    assert "grant get, list and watch on widgets.test.pentad.dev" in line
    assert "grant get, list and watch on configmaps" in line
    assert "kubectl apply --server-side -k manifests/rbac" in line


async def test_a_crd_that_is_not_installed(start, kubectl):
    """It is waited for, which is said with the remedy; once it is there, work begins."""
    patient = start(program=GHOST)
    hasty = start("--sync-seconds=6", program=GHOST)
    await waits(patient, "waiting_for_cache", "obstacle", "Ghost.ghost.pentad.dev/v1 is not served")

    line = last_words(hasty)
    assert "install its CustomResourceDefinition (kubectl apply" in line
    [crd] = definitions([Ghost])
    try:
        kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(crd))
        await eventually(lambda: "workers_started" in patient.events(), within=60)
        assert 0 == patient.stop()
    finally:
        kubectl("delete", "crd", "ghosts.ghost.pentad.dev", "--ignore-not-found")


@pytest.mark.usefixtures("widgets")
@pytest.mark.parametrize("flag", ["--probe-address", "--metrics-address", "--debug-address"])
def test_a_port_in_use(start, flag):
    """The address is named, with the flag to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        line = last_words(start(f"{flag}={address}"))

    assert address in line
    assert "in use" in line
    assert f"choose another with {flag}" in line


@pytest.mark.usefixtures("widgets")
def test_a_port_of_the_webhooks_in_use(start):
    """Likewise."""
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        line = last_words(start("--webhooks=url", f"--webhook-address=:{port}"))

    assert str(port) in line
    assert "in use" in line


@pytest.mark.usefixtures("widgets")
async def test_a_lease_held_by_another(start, rest, namespace):
    """It stands by and says whose it is; when the lease has run out it leads."""
    now = str(MicroTime.of(LoopClock().wall()))
    held = {"holderIdentity": "somebody-else", "leaseDurationSeconds": 12, "renewTime": now}
    rest.create(
        f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "pentad"},
            "spec": held,
        },
    )
    manager = start("--retry-seconds=1")

    await waits(manager, "election_standby", "holder", "somebody-else")
    assert "workers_started" not in manager.events()
    await eventually(lambda: "workers_started" in manager.events(), within=40)
    assert 0 == manager.stop()


def test_wrong_settings_are_told_all_at_once(start, tmp_path):
    """Flags that do not exist, values that make no sense, from every place, in one go."""
    path = tmp_path / "settings.yaml"
    path.write_text("logFormat: xml\n")
    manager = start(
        "--lease-secnds=3", "--log-level=loud", f"--config={path}", PENTAD_STOP_SECONDS="never"
    )

    assert WRONG == manager.wait()
    head, *lines = manager.text().splitlines()
    assert "pentad: the configuration is wrong:" == head
    assert [
        "--lease-secnds: there is no such flag; did you mean --lease-seconds?",
        "--log-level: 'loud': say one of debug, info, warning, error",
        "PENTAD_STOP_SECONDS: 'never': could not convert string to float: 'never'",
        "logFormat in the file: 'xml': say one of json, console",
    ] == sorted(line.strip() for line in lines)
