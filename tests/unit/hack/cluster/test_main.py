"""The command's answers to what cannot be."""

import pytest

from hack.cluster.__main__ import main
from hack.cluster.cluster import Cluster
from hack.cluster.errors import ComponentError


@pytest.fixture(autouse=True)
def empty_state(tmp_path, monkeypatch):
    """Let there be no cluster."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.parametrize("command", ["status", "kubeconfig", "logs"])
def test_no_cluster_is_told_with_the_remedy(command, capsys):
    """One line names the command that starts it, and the exit code is not 0."""
    code = main([command, "--name", "mine"])

    assert code == 1
    assert capsys.readouterr().err == (
        "error: there is no cluster 'mine'; start it with: python -m hack.cluster up --name mine\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "--name", "../x"], "--name"),
        (["up", "--kubernetes", "newest"], "--kubernetes"),
        (["build", "--kubernetes", "1.2"], "1.2"),
    ],
    ids=["name", "version", "unknown minor"],
)
def test_impossible_request_is_one_line(arguments, message, capsys):
    """A value that cannot be is told in one line, with exit code 2."""
    code = main(arguments)

    errors = capsys.readouterr().err.splitlines()
    assert code == 2
    assert len(errors) == 1
    assert message in errors[0]


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["up", "--fake-nodes", "-1"], ["up", "--fake-nodes", "x"], ["logs", "--wrong"]],
    ids=["nothing", "command", "negative", "no number", "flag"],
)
def test_wrong_command_line_shows_the_usage(arguments, capsys):
    """A command line that does not parse shows how it is used, with exit code 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2
    assert "usage: python -m hack.cluster" in capsys.readouterr().err


def test_failure_shows_the_end_of_the_log(capsys, monkeypatch):
    """Below the line with the remedy stand the component's last lines, as it wrote them."""
    error = ComponentError("etcd ended while starting; …", detail="one\n  two")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Cluster, "up", fail)
    code = main(["up"])

    assert code == 1
    assert capsys.readouterr().err == "error: etcd ended while starting; …\none\n  two\n"


@pytest.mark.parametrize("command", ["up", "down", "status", "kubeconfig", "logs", "build"])
def test_every_command_has_a_help_text(command, capsys):
    """`--help` works for each command."""
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])

    assert caught.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 4
