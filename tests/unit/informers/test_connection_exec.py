"""Credential plugins: real programs, good and bad."""

import asyncio
import base64
import datetime as dt
import json
import os
import re
import time
from pathlib import Path

import attrs
import pytest

from informers.clock import LoopClock
from informers.connection import connect
from informers.errors import ConfigError
from informers.execplugin import ExecPlugin
from tests.kit.certificates import Authority
from tests.unit.informers.connection_world import START, ManualClock, answer, kubeconfig, plugin

V1 = "client.authentication.k8s.io/v1"


def user(command: Path | str, **more):
    """A kubeconfig user that logs in with a plugin."""
    settings = {"apiVersion": V1, "interactiveMode": "Never", "command": str(command), **more}
    return {"exec": settings}


async def logged_in(tmp_path, command, *, clock=None, cluster=None, **more):
    """A connection by a kubeconfig with that plugin."""
    path = kubeconfig(tmp_path / "config", user=user(command, **more), cluster=cluster)
    return await connect(kubeconfig=path, clock=clock)


def exec_plugin(command: Path, *, deadline: float = 60) -> ExecPlugin:
    """The plugin on its own."""
    return ExecPlugin(
        command=(str(command),),
        environment=dict(os.environ),
        api_version=V1,
        title="user 'main'",
        deadline=deadline,
    )


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_a_token_of_a_plugin_signs_requests(tmp_path, version):
    """The token that the plugin prints becomes the Authorization header, in both versions."""
    command = plugin(tmp_path / "p", answer(version=version, token="abc"))

    found = await logged_in(tmp_path, command, apiVersion=f"client.authentication.k8s.io/{version}")

    assert "Bearer abc" == found.headers()["Authorization"]


async def test_a_certificate_of_a_plugin_is_presented(tmp_path):
    """A certificate and key that the plugin prints make the TLS context; new ones a new one."""
    clock = ManualClock()
    authority = Authority()
    stamp = (START + dt.timedelta(hours=1)).isoformat().replace("+00:00", "Z")

    def print_pair():
        certificate, key = authority.issue()
        plugin(
            tmp_path / "p",
            answer(clientCertificateData=certificate, clientKeyData=key, expirationTimestamp=stamp),
        )

    print_pair()
    found = await logged_in(
        tmp_path, tmp_path / "p", cluster={"server": "https://h:1"}, clock=clock
    )
    first = found.ssl_context
    print_pair()
    clock.advance(3550)

    assert await found.refresh()
    assert first is not found.ssl_context


async def test_the_plugin_is_asked_again_when_its_token_runs_out(tmp_path):
    """Until shortly before expirationTimestamp the plugin is not run; then it is, once."""
    clock = ManualClock()
    count = tmp_path / "count"
    stamp = (START + dt.timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    body = f"echo x >> {count}\n" + answer(token="t", expirationTimestamp=stamp)
    found = await logged_in(tmp_path, plugin(tmp_path / "p", body), clock=clock)
    for _ in range(8):
        clock.advance(60)
        await found.refresh()
    assert 1 == count.read_text().count("x")
    clock.advance(61)

    await found.refresh()

    assert 2 == count.read_text().count("x")


async def test_arguments_environment_and_request_reach_the_plugin(tmp_path):
    """Arguments, declared variables, the process's own, and the request: all arrive."""
    seen = tmp_path / "seen"
    body = f'printf "%s|" "$@" "$EXTRA" "$HOME" "$KUBERNETES_EXEC_INFO" > {seen}\n'
    command = plugin(tmp_path / "p", body + answer(token="t"))

    await logged_in(
        tmp_path, command, args=["get token", 7], env=[{"name": "EXTRA", "value": "x y"}]
    )

    *values, request, _ = seen.read_text().split("|")
    assert ["get token", "7", "x y", os.environ["HOME"]] == values
    assert {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    } == json.loads(request)


async def test_cluster_info_reaches_the_plugin_when_asked_for(tmp_path):
    """With provideClusterInfo the plugin learns the server, the authority and its own settings."""
    authority = Authority().pem
    (tmp_path / "ca.crt").write_text(authority)
    seen = tmp_path / "seen"
    body = f'printf "%s" "$KUBERNETES_EXEC_INFO" > {seen}\n' + answer(token="t")
    cluster = {
        "server": "https://h:6443",
        "certificate-authority": "ca.crt",
        "tls-server-name": "api",
        "extensions": [
            {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}},
            {"name": "other", "extension": {}},
        ],
    }

    await logged_in(
        tmp_path, plugin(tmp_path / "p", body), cluster=cluster, provideClusterInfo=True
    )

    assert {
        "server": "https://h:6443",
        "certificate-authority-data": base64.b64encode(authority.encode()).decode(),
        "tls-server-name": "api",
        "config": {"audience": "a"},
    } == json.loads(seen.read_text())["spec"]["cluster"]


async def test_a_relative_command_counts_from_the_kubeconfig(tmp_path):
    """A command with a slash is looked for beside the kubeconfig; a bare one on PATH."""
    (tmp_path / "bin").mkdir()
    plugin(tmp_path / "bin" / "p", answer(token="beside"))

    found = await logged_in(tmp_path, "bin/p")

    assert "Bearer beside" == found.headers()["Authorization"]


async def test_a_fixed_token_beats_the_plugin(tmp_path):
    """A user with both a token and a plugin logs in with the token, as with kubectl."""
    settings = {**user(tmp_path / "none"), "token": "fixed"}

    found = await connect(kubeconfig=kubeconfig(tmp_path / "config", user=settings))

    assert "Bearer fixed" == found.headers()["Authorization"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("echo one >&2; echo 'please log in' >&2; exit 3", r"exit code 3: please log in: try it"),
        ("exit 1", r"ended with exit code 1: try it by hand: /"),
        ("kill -9 $$", r"ended with exit code -9"),
        ("echo hello", r"did not print JSON"),
        ("true", r"did not print JSON"),
        ("echo '[]'", r"something else than an ExecCredential"),
        (answer(version="v1beta1", token="t"), r"answered in apiVersion '\S+/v1beta1'"),
        (f'echo \'{{"apiVersion": "{V1}", "kind": "ExecCredential"}}\'', r"printed no status"),
        (answer(), r"neither a token nor a certificate"),
        (answer(clientKeyData="k"), r"only half of a certificate"),
        (answer(token="two words"), r"not one printable word"),
        (answer(token="t", expirationTimestamp="soon"), r"expirationTimestamp 'soon'.*RFC 3339"),
    ],
    ids=[
        "fails with a reason",
        "fails silently",
        "is killed",
        "prints text",
        "prints nothing",
        "prints a list",
        "another version",
        "no status",
        "empty status",
        "half a pair",
        "a token with a space",
        "a strange stamp",
    ],
)
async def test_a_plugin_that_misbehaves_is_told_in_one_line(tmp_path, body, expected):
    """Each way to go wrong is one line with the plugin, the user and what to do."""
    with pytest.raises(ConfigError) as caught:
        await logged_in(tmp_path, plugin(tmp_path / "p", body))

    line = str(caught.value)
    assert re.search(expected, line)
    assert "\n" not in line


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"command": "no-such-plugin"}, r"no-such-plugin of user 'main' .*is not installed"),
        (
            {"command": "no-such-plugin", "installHint": "get it\n  from here"},
            r"is not installed: get it from here",
        ),
        ({"command": "/etc/passwd"}, r"cannot be run \(Permission denied\): make it"),
        ({"command": ""}, r"exec of user 'main' .*names no command"),
        ({"apiVersion": None}, r"exec of user 'main' .*malformed .*apiVersion"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, r"v1alpha1.*must be one of"),
        ({"interactiveMode": "Always"}, r"insists on a terminal: set interactiveMode"),
        ({"env": [{"name": "A"}]}, r"malformed"),
        ({"args": "text"}, r"malformed"),
    ],
    ids=[
        "not installed",
        "not installed, with a hint",
        "no program",
        "no command",
        "no version",
        "a removed version",
        "a terminal",
        "a variable without value",
        "arguments that are text",
    ],
)
async def test_a_plugin_that_cannot_be_run(tmp_path, settings, expected):
    """What is wrong with the declaration is told before or instead of running anything."""
    command = plugin(tmp_path / "p", answer(token="t"))

    with pytest.raises(ConfigError) as caught:
        await logged_in(tmp_path, **{"command": command, **settings})

    assert re.search(expected, str(caught.value))


async def test_a_plugin_that_hangs_is_killed_with_its_children(tmp_path):
    """A plugin that does not answer is ended at its deadline, and so is all that it started."""
    body = f"sleep 600 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/self; wait"
    began = time.perf_counter()

    with pytest.raises(ConfigError, match=r"gave no answer in 0\.5 s: try it by hand"):
        await exec_plugin(plugin(tmp_path / "p", body), deadline=0.5).obtain()

    assert time.perf_counter() - began < 10
    for name in ("child", "self"):
        await gone(int((tmp_path / name).read_text()))


async def test_a_cancelled_renewal_leaves_no_process(tmp_path):
    """When the request that runs the plugin is cancelled, the plugin ends too."""
    body = f"echo $$ > {tmp_path}/self.new; mv {tmp_path}/self.new {tmp_path}/self; sleep 600"
    found = exec_plugin(plugin(tmp_path / "p", body))

    async with asyncio.TaskGroup() as group:
        task = group.create_task(found.obtain())
        while not (tmp_path / "self").exists():
            await LoopClock().sleep(0.01)
        task.cancel()

    await gone(int((tmp_path / "self").read_text()))


async def test_a_plugin_whose_child_lives_on_still_answers(tmp_path):
    """A plugin may leave an agent behind, as long as that lets go of the output."""
    body = "sleep 1 >/dev/null 2>&1 &\n" + answer(token="t")

    issued = await exec_plugin(plugin(tmp_path / "p", body)).obtain()

    assert "Bearer t" == issued.authorization


async def test_much_output_on_both_pipes_does_not_block(tmp_path):
    """A megabyte of complaints before the answer is read and dropped."""
    body = "head -c 1000000 /dev/zero | tr '\\0' 'x' >&2\n" + answer(token="t")

    issued = await exec_plugin(plugin(tmp_path / "p", body), deadline=20).obtain()

    assert "Bearer t" == issued.authorization


def test_secrets_do_not_show_in_representations(tmp_path):
    """Neither the plugin nor what it issued shows secrets when printed."""
    found = attrs.evolve(exec_plugin(tmp_path), environment={"PASSWORD": "hunter2"})

    assert "hunter2" not in repr(found)


async def gone(process: int) -> None:
    """Wait until a process has ended, for five seconds at most."""
    async with asyncio.timeout(5):
        while _is_alive(process):
            await LoopClock().sleep(0.01)


def _is_alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
