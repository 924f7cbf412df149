"""From what was typed to an exit code, as far as no server is needed."""

import importlib
import inspect
import subprocess
import sys

import pytest

from controller.cli.discovery import read
from controller.cli.program import VERBS, main, parser_for
from controller.cli.thing import PAUSED
from controller.runtime import pause as runtime
from informers.errors import DecodeError
from informers.meta.codec import encode

NAME = "kubectl pentad"
MODULES = "import sys; from controller.cmd.cli import main; main(sys.argv[1:]); print(*sys.modules)"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([], "the following arguments are required: VERB"),
        (["sing"], "invalid choice: 'sing'"),
        (["tree"], "the following arguments are required: KIND/NAME"),
        (["tree", "a/b", "--request-timeout=0"], "say seconds, more than 0"),
        (["logs", "a/b", "--since=soon"], "'soon' is no duration: say 90s, 10m or 2h"),
        (["status", "-o", "xml"], "invalid choice: 'xml'"),
        (["status", "--kubeconfig=/nowhere/at/all"], "does not exist: name another file"),
    ],
)
def test_wrong_usage_is_one_line(typed, said, capsys):
    """On standard error, with code 2, and no traceback."""
    try:
        code = main(typed, name=NAME)
    except SystemExit as end:
        code = end.code

    out, err = capsys.readouterr()
    assert (2, "", 1) == (code, out, err.count("\n"))
    assert said in err
    assert err.startswith(NAME)


@pytest.mark.parametrize(
    ("typed", "namespace"),
    [
        (["-n", "a", "status"], "a"),
        (["status", "-n", "a"], "a"),
        (["-n", "a", "status", "-n", "b"], "b"),
        (["status"], None),
    ],
)
def test_flags_stand_before_or_behind_the_verb(typed, namespace):
    """As with kubectl; what stands behind counts more."""
    assert namespace == parser_for(typed, name=NAME).parse_args(typed).namespace


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_whole(verb):
    """A line in the list of verbs is a module with flags of its own and something to run."""
    module = importlib.import_module(VERBS[verb].module)
    asked = parser_for([verb, "a/b"], name=NAME).parse_args([verb, "a/b"])

    assert inspect.iscoroutinefunction(asked.run)
    assert module.run is asked.run


def test_help_names_every_verb(capsys):
    """And the exit codes."""
    with pytest.raises(SystemExit) as end:
        main(["--help"], name=NAME)

    out = capsys.readouterr().out
    assert 0 == end.value.code
    assert all(verb.what.split(",")[0] in " ".join(out.split()) for verb in VERBS.values())
    assert "exit codes:" in out


def test_nothing_of_the_machinery_is_loaded():
    """A command that fails for its kubeconfig has imported neither the runtime nor a family."""
    done = subprocess.run(
        [sys.executable, "-c", MODULES, "status", "--kubeconfig=/nowhere/at/all"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = done.stdout.split()

    assert "controller.cli.verbs.status" in loaded
    assert [] == [
        name
        for name in loaded
        if name.startswith(
            ("controller.runtime", "reconcilers", "aiohttp", "prometheus", "structlog", "yaml")
        )
        or (
            name.startswith("controller.cli.verbs.")
            and name.rpartition(".")[2] not in {"status", "tree"}
        )
    ]


def test_the_annotation_that_pauses_is_the_runtimes():
    """It is spelled twice, since the command line does not load the runtime."""
    assert runtime.PAUSED == PAUSED


def test_discovery_takes_the_preferred_version_and_names_the_silent():
    """Later versions of a kind are skipped; a group whose server is down says so."""
    pods = {
        "resource": "pods",
        "responseKind": {"kind": "Pod"},
        "scope": "Namespaced",
        "shortNames": ["po"],
        "verbs": ["get", "list"],
    }
    older = {**pods, "responseKind": {"kind": "OldPod"}}
    answer = {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "metadata": {"name": "x"},
                "versions": [
                    {"version": "v2", "resources": [pods]},
                    {"version": "v1", "resources": [older]},
                ],
            },
            {"metadata": {"name": "gone"}, "versions": [{"version": "v1", "freshness": "Stale"}]},
        ],
    }

    found = read(encode(answer))

    assert [("x", "v2", "Pod")] == [
        (each.kind.group, each.kind.version, each.kind.kind) for each in found.resources
    ]
    assert ["gone/v1"] == found.silent


@pytest.mark.parametrize("raw", [b"<html>", b"[]", b'{"kind": "APIVersions"}'])
def test_other_answers_are_no_discovery(raw):
    """A proxy's page, or a server that is too old."""
    with pytest.raises(DecodeError):
        read(raw)
