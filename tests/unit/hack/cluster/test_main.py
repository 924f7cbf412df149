"""The command's answers to what cannot be."""

import shlex
from pathlib import Path

import attrs
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


def test_nothing_to_take_down_is_told_and_fine(capsys):
    """Scripts may take down what is gone; a person who mistyped a name reads it."""
    assert 0 == main(["down", "--name", "mine"])
    assert "there is no cluster 'mine': nothing to remove\n" == capsys.readouterr().err


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


@attrs.frozen
class Made:
    """A cluster that is up."""

    kubeconfig: Path
    context: str = "pentad-x"
    server: str = "https://127.0.0.1:1"


def test_a_shell_can_evaluate_what_up_prints(monkeypatch, capsys, tmp_path):
    """Also where the folder of the clusters has a blank in its name."""
    made = Made(tmp_path / "a b;c" / "kubeconfig")
    monkeypatch.setattr(Cluster, "up", lambda *_, **__: made)

    assert 0 == main(["up"])

    assert ["export", f"KUBECONFIG={made.kubeconfig}"] == shlex.split(capsys.readouterr().out)


@pytest.mark.parametrize("said", ["-1", "1e9", "many", "", "9" * 5000], ids=lambda said: said[:5])
def test_a_number_that_is_none_is_refused_with_what_would_be_one(said, capsys):
    """In words, with the flag."""
    with pytest.raises(SystemExit) as caught:
        main(["up", f"--fake-nodes={said}"])

    assert 2 == caught.value.code
    assert "--fake-nodes: " in (told := capsys.readouterr().err)
    assert "say a whole number, such as 3" in told
