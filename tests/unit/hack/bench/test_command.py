"""What `python -m hack.bench` understands and refuses."""

import importlib
import json
import subprocess
import sys

import pytest

from hack.bench import __main__ as bench
from hack.bench import micro, micro_loop
from hack.bench.__main__ import _parser, _plan, main
from hack.bench.catalogue import GROUPS, MICRO, SCENARIOS
from hack.bench.peers import CONTROLLER_RUNTIME, KOPF
from hack.bench.readme import BEGIN, END


def _planned(*argv):
    return _plan(_parser().parse_args(argv))


def test_without_arguments_everything_runs():
    """The default is the whole benchmark, micro included, with each peer's own rounds."""
    plan = _planned()
    assert (list(SCENARIOS), True, None) == (plan.scenarios, plan.micro, plan.rounds)


def test_scenarios_and_peers_are_repeatable():
    """Naming some leaves the others out and keeps the order they run in."""
    plan = _planned(
        *("--scenario", "idle", "--scenario", "sync_10k", "--peers", KOPF),
        *("--peers", CONTROLLER_RUNTIME),
    )
    assert ["sync_10k", "idle"] == [scenario.name for scenario in plan.scenarios]
    assert [[KOPF, CONTROLLER_RUNTIME], [CONTROLLER_RUNTIME]] == [
        plan.matches(scenario) for scenario in plan.scenarios
    ]
    assert not plan.micro


def test_a_group_stands_for_its_scenarios():
    """Under one name, with the nodes that they need; the others need none."""
    plan = _planned("--scenario", "penin_500")

    assert GROUPS["penin_500"] == tuple(scenario.name for scenario in plan.scenarios)
    assert (True, 0) == (plan.fake_nodes > 0, _planned("--scenario", "idle").fake_nodes)


@pytest.mark.parametrize(
    "argv",
    [["--scenario", "none"], ["--peers", "none"], ["--rounds", "0"]],
    ids=["scenario", "peer", "rounds"],
)
def test_wrong_arguments_are_refused(argv, capsys):
    """A typing error ends before anything is started."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert 2 == ended.value.code
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("name", [None, *micro.names()])
def test_micro_benchmarks_have_help(name):
    """It says what is measured, and measures nothing."""
    module = "hack.bench.micro" if name is None else f"hack.bench.micro_{name}"
    run = [sys.executable, "-m", module, "--help"]

    said = subprocess.run(run, capture_output=True, text=True, timeout=20, check=True).stdout

    assert said.startswith(f"usage: python -m {module} [-h]")
    assert importlib.import_module(module).__doc__.partition("\n")[0] in said


def test_both_loops_are_measured(monkeypatch):
    """What uvloop brings is the ratio of two figures of the same run."""
    monkeypatch.setattr(micro_loop, "ROUNDS", 1)
    monkeypatch.setattr(micro_loop, "REQUESTS", 2)

    taken = micro_loop.measure()

    assert taken["uvloop_request_us"] > 0
    ratio = taken["uvloop_request_us"] / taken["asyncio_request_us"]
    assert ratio == taken["uvloop_to_asyncio"]


def test_a_micro_benchmark_prints_its_figures(capsys):
    """A line each, in order."""
    micro.show(figures, [])

    assert ["b 1.500", "c 2,000.000"] == [
        " ".join(line.split()) for line in capsys.readouterr().out.splitlines()
    ]


def figures():
    """Measure what does not change."""
    return {"c": 2000.0, "b": 1.5}


def test_the_page_is_made_of_what_was_measured_and_what_was_written(tmp_path, monkeypatch):
    """`--render` writes the page beside its notes, and leaves the notes alone."""
    monkeypatch.setattr(bench, "_DOCS", tmp_path / "benchmarks.md")
    monkeypatch.setattr(bench, "_README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text(f"{BEGIN}\n{END}\n")
    notes = tmp_path / "benchmarks.notes.md"
    notes.write_text("## Why\n")
    measured = {"machine": {"cores": 2}, "scenarios": {}, "targets": [], "aims": []}
    (tmp_path / "run.json").write_text(json.dumps(measured))

    assert 0 == main(["--render", str(tmp_path / "run.json")])

    assert "\n\n## Why\n\n" in (tmp_path / "benchmarks.md").read_text()
    assert "| ours | controller-runtime |" in (tmp_path / "README.md").read_text()
    assert "## Why\n" == notes.read_text()


@pytest.mark.parametrize(
    ("argv", "is_whole"),
    [
        ([], True),
        (["--json", "run.json"], True),
        (["--quick"], False),
        (["--scenario", "idle"], False),
        (["--peers", KOPF], False),
        (["--rounds", "1"], False),
        (["--profile", "run.pstats"], False),
    ],
)
def test_only_a_whole_run_renews_the_page_unasked(argv, is_whole):
    """A part, or small sizes, would leave a page that says less."""
    assert is_whole == bench._is_whole(_parser().parse_args(argv))


def test_list_names_every_scenario(capsys):
    """`--list` runs nothing and says what there is."""
    assert 0 == main(["--list"])
    listed = capsys.readouterr().out
    assert all(name in listed for name in [*(s.name for s in SCENARIOS), MICRO, CONTROLLER_RUNTIME])


def test_kopf_gets_fewer_rounds_by_default_only():
    """What the caller wants goes for every peer."""
    scenario = SCENARIOS[0]
    assert (5, 2, 7) == (
        scenario.rounds(CONTROLLER_RUNTIME, wanted=None),
        scenario.rounds(KOPF, wanted=None),
        scenario.rounds(KOPF, wanted=7),
    )
