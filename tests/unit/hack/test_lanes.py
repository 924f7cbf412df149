"""Lanes: reports come one after the other, ends are told, and Ctrl-C ends all of them."""

import re
import signal
import subprocess
import sys

import pytest

from hack import lanes
from hack.gen.__main__ import ROOT
from tests.kit.eventually import eventually_blocking

RUN = "import sys; from hack import lanes; {more}sys.exit(lanes.main({names}, command={command}))"
TALKS = "import sys; print('lane', *sys.argv[1:]); sys.exit(int(sys.argv[1]))"
WAITS_FOR_A_FILE = """
import pathlib, sys, time
print(f"{sys.argv[1]} began", flush=True)
file = pathlib.Path(sys.argv[2])
if sys.argv[1] == "second":
    file.touch()
while not file.exists():
    time.sleep(0.01)
print(f"{sys.argv[1]} ended")
"""
COUNTS_SIGNALS = """
import pathlib, signal, sys, time
heard = []
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: heard.append(signal.Signals(number).name))
pathlib.Path(sys.argv[1]).touch()
while not heard:
    time.sleep(0.01)
time.sleep(0.3)
print("heard", *heard)
sys.exit(2)
"""
NOTES = """
import pathlib, sys, time
code, notes = int(sys.argv[1]), pathlib.Path(sys.argv[2])
def note(text):
    with notes.open("a") as file:
        file.write(f"{text} {code}\\n")
note("began")
while notes.read_text().count("began") < 2:
    time.sleep(0.01)
note("ended")
sys.exit(code)
"""
DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""


def started(names, program, *, more=""):
    """Start lanes that each run a program instead of pytest."""
    code = RUN.format(names=names, command=[sys.executable, "-c", program], more=more)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ended(process):
    """Return how it ended, and the lines it printed."""
    text, _ = process.communicate(timeout=60)
    return process.returncode, [line for line in text.splitlines() if line]


def test_reports_are_not_mixed_though_lanes_run_at_once(tmp_path):
    """The first lane ends only once the second has begun; still its report comes first."""
    file = tmp_path / "file"

    code, lines = ended(started([f"first {file}", f"second {file}"], WAITS_FOR_A_FILE))

    assert 0 == code
    assert [
        *(f"== first {file}", "first began", "first ended"),
        *(f"== second {file}", "second began", "second ended"),
    ] == lines[:6]
    assert re.fullmatch(rf"== passed after \d+ s: first {file}", lines[6])
    assert re.fullmatch(rf"== passed after \d+ s: second {file}", lines[7])


def test_what_follows_the_dashes_is_said_to_every_lane():
    """Words stay words: a lane's own are split as a shell does, those for all are as they came."""
    code, lines = ended(started(["0 'a b'", "0 c", "--", "-m", "not deep"], TALKS))

    assert 0 == code
    assert ["lane 0 a b -m not deep", "lane 0 c -m not deep"] == [
        line for line in lines if line.startswith("lane")
    ]


def test_the_last_lines_say_which_lane_failed():
    """Whoever looks at the end of it sees what to look for above."""
    code, lines = ended(started(["0", "1", "5"], TALKS))

    assert 1 == code
    assert ["passed", "FAILED (exit 1)", "no tests"] == [
        re.sub(r"== (.*) after .*", r"\1", line) for line in lines[-3:]
    ]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        pytest.param([0, 0], 0, id="all passed"),
        pytest.param([0, 5], 0, id="what was selected is in one lane"),
        pytest.param([5, 5], 5, id="nothing was selected"),
        pytest.param([5, 1, 0], 1, id="one failed"),
        pytest.param([0, 2, 1], 2, id="the first failure counts"),
        pytest.param([0, 137], 137, id="one was killed"),
    ],
)
def test_lanes_have_one_exit_code(codes, expected):
    """As one run of pytest would have it."""
    assert expected == lanes.together(codes)


def test_what_wants_to_be_alone_comes_when_all_others_have_ended(tmp_path):
    """It is run whatever came of them, and counts like them."""
    notes = str(tmp_path / "notes")

    code, lines = ended(started([f"1 {notes}", f"0 {notes}", "--then", f"3 {notes}"], NOTES))

    assert 1 == code
    assert ["ended 0", "ended 1", "began 3", "ended 3"] == [
        *sorted((tmp_path / "notes").read_text().splitlines()[2:4]),
        *(tmp_path / "notes").read_text().splitlines()[4:],
    ]
    assert lines[-1].startswith("== FAILED (exit 3)")


@pytest.mark.parametrize("said", [["--", "-x"], ["tests/unit", "--then"]])
def test_no_lane_is_a_mistake(said, capsys):
    """Running nothing must not look like passing."""
    assert lanes.WRONG == lanes.main(said)
    assert "say what each lane runs" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_a_signal_reaches_each_lane_once(tmp_path, number):
    """They end what they started by themselves, and their reports are still shown."""
    files = [tmp_path / "1", tmp_path / "2"]
    never = tmp_path / "3"
    process = started([*map(str, files), "--then", str(never)], COUNTS_SIGNALS)
    eventually_blocking(lambda: all(file.exists() for file in files), within=30)

    process.send_signal(number)
    code, lines = ended(process)

    assert 2 == code
    assert [f"heard {number.name}"] * 2 == [line for line in lines if line.startswith("heard")]
    assert not never.exists()


def test_a_lane_that_does_not_end_is_killed(tmp_path):
    """It had time for taking its clusters down; nobody waits longer for it."""
    file = tmp_path / "1"
    process = started([str(file)], DEAF, more="lanes.ENDING_SECONDS = 0.1; ")
    eventually_blocking(file.exists, within=30)

    process.send_signal(signal.SIGINT)
    code, lines = ended(process)

    assert 137 == code
    assert lines[-1].startswith("== FAILED (exit 137)")
