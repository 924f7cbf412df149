"""`make run`: what the manager is told about each kind of cluster."""

import socket

import attrs
import pytest

from controller import config
from hack import run
from hack.cluster.cluster import Cluster
from hack.run import manager_flags
from tests.kit.widget.family import WIDGET_FAMILY

KUBECONFIG = """
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "https://127.0.0.1:PORT"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
"""
OFF = ["--probe-address=off", "--metrics-address=off", "--webhooks=off"]
QUIET = attrs.evolve(WIDGET_FAMILY, webhooks=())


@attrs.frozen
class Place:
    """What a connection says of its cluster."""

    context: str
    server: str = "https://127.0.0.1:6443"


@pytest.mark.parametrize(
    ("place", "families", "mode"),
    [
        (Place("pentad-local"), (WIDGET_FAMILY,), "url"),
        (Place("pentad-local"), (QUIET,), "off"),
        (Place("pentad-local"), (), "off"),
        (Place("kind-kind"), (WIDGET_FAMILY,), "off"),
        (Place("minikube"), (WIDGET_FAMILY,), "off"),
        (Place("pentad-prod", "https://example.com"), (WIDGET_FAMILY,), "off"),
    ],
    ids=["ours", "no webhooks", "no family", "kind", "a stranger's", "only named like ours"],
)
def test_webhooks_are_served_where_the_api_server_is_beside_us(place, families, mode):
    """A cluster that could not reach this machine, or that others use, is never configured."""
    told = config.load(manager_flags(place, families=families), {}, families=families)

    assert (mode, place.context, "console") == (told.webhooks, told.context, told.log_format)


def test_what_the_user_says_counts():
    """Flags after ours win."""
    flags = manager_flags(Place("pentad-local"), families=(WIDGET_FAMILY,))

    assert "off" == config.load([*flags, "--webhooks=off"], {}).webhooks


def test_before_the_first_family_there_is_nothing_to_install(monkeypatch, tmp_path):
    """The folder of the CRDs is made by the first of them."""
    monkeypatch.setattr(run, "CRDS", tmp_path / "crd")

    assert [] == run._bodies(tmp_path / "crd")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: [1\n", "while parsing a flow sequence"),
        (b"\xff\xfe", "'utf-8' codec"),
        (b"a: 2024-13-45\n", "month must be in 1..12"),
        (b"a: 1\n---\nb: 1\n", "expected a single document"),
        (b"", "is no CustomResourceDefinition"),
        (b"- a\n", "is no CustomResourceDefinition"),
        (b"kind: Pod\nmetadata: {name: a}\n", "is no CustomResourceDefinition"),
        (b"kind: CustomResourceDefinition\nmetadata: {name: 5}\n", "is no Custom"),
    ],
    ids=["no YAML", "no text", "no day", "two", "nothing", "a list", "a Pod", "a number as a name"],
)
def test_a_file_that_is_no_crd_is_told(tmp_path, capsys, content, says):
    """In one line with the file and what belongs there, before anything is started."""
    (tmp_path / "x.yaml").write_bytes(content)

    assert 2 == run.main([f"--crds={tmp_path}"])

    [line] = capsys.readouterr().err.splitlines()
    assert f"{tmp_path / 'x.yaml'}" in line
    assert says in line
    assert "let each file of the folder hold one" in line


def test_a_folder_of_crds_that_is_not_there_is_told(monkeypatch, tmp_path, capsys):
    """Nothing is started for somebody who has mistyped it."""
    monkeypatch.setattr(run, "_kubeconfig", lambda: pytest.fail("it went on"))

    assert 2 == run.main([f"--crds={tmp_path / 'none'}"])
    assert f"--crds={tmp_path / 'none'}: there is no such folder" in capsys.readouterr().err


def test_ctrl_c_before_the_manager_runs_is_told_in_one_line(monkeypatch, capsys):
    """A control plane that takes its time is not ended by a traceback."""

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_kubeconfig", interrupted)

    assert 130 == run.main([])
    assert [
        "make run: interrupted before the manager was started"
    ] == capsys.readouterr().err.splitlines()


@pytest.fixture
def own(monkeypatch, tmp_path):
    """Return the control plane of `make run`, which is there but for its processes."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    found = Cluster.named()
    found.life.layout.root.mkdir(parents=True)
    found.kubeconfig.write_text(KUBECONFIG)
    return found


@pytest.mark.parametrize(
    ("is_made", "says"),
    [(False, "takes a control plane of its own"), (True, "uses the control plane that is there")],
    ids=["a new one", "one of before"],
)
def test_without_a_kubeconfig_it_is_said_which_control_plane_is_used(
    monkeypatch, capsys, own, is_made, says
):
    """One that is there is used, and not announced as if it were new."""
    monkeypatch.setattr(Cluster, "up", lambda *_, **__: own)
    if is_made:
        own.life.layout.record.write_text("{}")

    assert str(own.kubeconfig) == run._kubeconfig()

    first, *_ = capsys.readouterr().out.splitlines()
    assert f"make run: there is no kubeconfig, so this {says}" == first


@pytest.mark.parametrize("is_named", [False, True], ids=["no kubeconfig", "its kubeconfig"])
def test_at_the_end_it_is_told_that_the_control_plane_still_runs(
    monkeypatch, capsys, own, is_named
):
    """In one line, with the command that removes it; also to who has exported its kubeconfig."""
    if is_named:
        monkeypatch.setenv("KUBECONFIG", str(own.kubeconfig))

    run._tell_what_stays()

    [line] = capsys.readouterr().out.splitlines()
    assert f"make run: the control plane still runs; to remove it: {run.DOWN}" == line


def test_of_a_cluster_that_is_the_users_nothing_is_said(monkeypatch, capsys, own, tmp_path):
    """It is for them to know; nor of a control plane that was removed in the meantime."""
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    run._tell_what_stays()
    monkeypatch.delenv("KUBECONFIG")
    own.kubeconfig.unlink()
    own.life.layout.root.rmdir()
    run._tell_what_stays()

    assert "" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("context", "server", "is_trusted"),
    [
        ("production", "https://127.0.0.1:6443", True),
        ("pentad-local", "https://[::1]:6443", True),
        ("kind-dev", "https://10.1.2.3:6443", True),
        ("production", "https://10.1.2.3:6443", False),
        ("pentad-local", "https://localhost.example.com", False),
        ("not-kind-dev", "https://example.com", False),
    ],
)
def test_only_a_cluster_nobody_else_uses_is_taken_unnamed(context, server, is_trusted):
    """One on this machine, or one of kind's, which may run in a container engine elsewhere."""
    assert is_trusted == run._is_trusted(Place(context, server))


def test_a_server_that_never_answers_is_given_up(monkeypatch, tmp_path, capsys):
    """With the reason, once the time is up."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # nobody listens
        path = tmp_path / "kubeconfig"
        path.write_text(KUBECONFIG.replace("PORT", str(deaf.getsockname()[1])))
        monkeypatch.setenv("KUBECONFIG", str(path))
        monkeypatch.delenv("CONTEXT", raising=False)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setattr(run, "SERVER_SECONDS", 0)

        assert 2 == run.main([f"--crds={tmp_path}", *OFF])

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("make run: gave up after 0 s: ")
