"""A second `make run` is told of the first, and of all it needs beside it, in one go."""

import os
import socket
import subprocess
import sys

import attrs
import pytest

from controller import config
from hack.turns import check, is_taken, turn
from informers.errors import ConfigError
from tests.kit.widget.family import WIDGET_FAMILY

SERVER = "https://127.0.0.1:6443"
HOLD = f"from hack.turns import turn\nwith turn({SERVER!r}): print('held', flush=True); input()"
FIRST = "process 12"
QUIET = attrs.evolve(WIDGET_FAMILY, webhooks=())


@pytest.fixture(autouse=True)
def state(monkeypatch, tmp_path):
    """Return the folder that locks are in, with nothing else in it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("CONTEXT", raising=False)
    return tmp_path


@pytest.fixture
def ports():
    """Return three ports that somebody listens at."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    yield [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()


def flags_of(ports):
    """Return what to say for a manager to serve at these ports."""
    names = ("--probe-address", "--metrics-address", "--webhook-address")
    return [f"{name}=127.0.0.1:{port}" for name, port in zip(names, ports, strict=True)]


def refusal(flags, *, other="", family=WIDGET_FAMILY):
    """Return what is told to somebody who starts with these flags."""
    settings = config.load(["--webhooks=url", *flags], {}, families=[family])
    with pytest.raises(ConfigError) as told:
        check(settings, flags, families=[family], other=other)
    return str(told.value)


def said(message):
    """Return the flags that a message has in its command."""
    _, _, rest = message.partition(' ARGS="')
    return rest.removesuffix('"').split()


def test_a_cluster_has_one_and_the_next_hears_which(state):
    """By its process id; once it has ended the turn is free, and no file is left."""
    with turn(SERVER) as first, turn(SERVER) as second, turn("https://10.0.0.1") as elsewhere:
        assert ("", f"process {os.getpid()}", "") == (first, second, elsewhere)

    with turn(SERVER) as next_one:
        assert "" == next_one
    assert [] == list(state.iterdir())


def test_one_that_was_killed_is_in_nobodys_way():
    """Its lock ended with it, though its file is there."""
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert b"held\n" == process.stdout.readline()
        with turn(SERVER) as other:
            assert f"process {process.pid}" == other
        process.kill()
        process.wait(timeout=10)

    with turn(SERVER) as other:
        assert "" == other


def test_a_folder_that_cannot_be_written_is_told(monkeypatch, state):
    """With the variable that names another."""
    (state / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(state / "file"))

    with (
        pytest.raises(ConfigError, match="let XDG_STATE_HOME name a folder of yours"),
        turn(SERVER),
    ):
        pass


def test_all_ports_that_are_taken_are_told_at_once(ports):
    """With a command that works: other ports for all, and what the user said before."""
    flags = flags_of(ports)

    message = refusal([*flags, "--log-level=debug"])

    assert all(f"127.0.0.1:{port}" in message for port in ports)
    assert "on another cluster, or by another program" in message
    first, *rest = said(message)
    assert "--log-level=debug" == first
    names = [word.partition("=")[0] for word in rest]
    assert [word.partition("=")[0] for word in flags] == names
    settings = config.load(["--webhooks=url", *rest], {}, families=[WIDGET_FAMILY])
    check(settings, rest, families=[WIDGET_FAMILY], other="")


def test_beside_another_on_the_cluster_the_webhooks_are_left_to_it(ports):
    """Who that is, and the flags with which it starts."""
    message = refusal(flags_of(ports), other=FIRST)

    assert message.startswith(f"one runs on this cluster already ({FIRST}): end that first")
    *_, last = said(message)
    assert "--webhooks=off" == last
    flags = said(message)
    assert not any(str(port) in word for port in ports[:2] for word in flags)
    settings = config.load(flags, {}, families=[WIDGET_FAMILY])
    check(settings, flags, families=[WIDGET_FAMILY], other=FIRST)


def test_webhooks_of_another_are_not_taken_over_by_a_port_that_is_free():
    """The API server would be led to the second, and nowhere once that has ended."""
    message = refusal(["--probe-address=off", "--metrics-address=off"], other=FIRST)

    assert ["--probe-address=off", "--metrics-address=off", "--webhooks=off"] == said(message)


def test_what_is_not_served_is_in_nobodys_way(ports):
    """No port is tried that would not be listened at."""
    flags = ["--webhooks=url", "--probe-address=off", "--metrics-address=off", flags_of(ports)[2]]
    settings = config.load(flags, {}, families=[QUIET])

    check(settings, flags, families=[QUIET], other=FIRST)


def test_the_context_that_was_named_is_named_again(monkeypatch, ports):
    """Otherwise the command that is told would go to another cluster."""
    monkeypatch.setenv("CONTEXT", "some one")

    assert "make run CONTEXT='some one' ARGS=" in refusal(flags_of(ports))


def test_only_a_port_in_use_counts(ports):
    """Any other fault of an address is told by the manager, with its remedy."""
    assert is_taken(f"127.0.0.1:{ports[0]}")
    assert is_taken(f":{ports[0]}")
    assert not is_taken("127.0.0.1:0")
    assert not is_taken("192.0.2.1:8081")
