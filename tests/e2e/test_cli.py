"""The command line on real pods: their logs, and why real containers do not run (needs root)."""

import contextlib
import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

from hack.gen.__main__ import ROOT
from tests.kit.eventually import eventually_blocking
from tests.kit.node import manifest, pod

PATIENCE = 90.0
RECORD = '{"event":"tick","level":"info","n":%d}'
TICKS = f"n=0; while true; do printf '{RECORD}\\n' $n; n=$((n+1)); sleep 1; done"


def ticking(name, *, replicas):
    """Return a Deployment whose pods write a record every second, without grace when they end."""
    labels = {"app": name, "service": "clock"}
    spec = pod(name, "sh", "-c", TICKS)["spec"]
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


@pytest.fixture
def command(real, room):
    """Return the command line and the environment to run it in, up to the verb."""
    words = [sys.executable, "-m", "controller", "cli", "-n", room]
    return words, os.environ | {"KUBECONFIG": str(real.kubeconfig), "PYTHONPATH": str(ROOT)}


@pytest.fixture
def pentad(command):
    """Return a function that runs the command line to its end."""
    words, environ = command

    def run(*more):
        return subprocess.run(
            [*words, *more], capture_output=True, text=True, timeout=60, check=False, env=environ
        )

    return run


@pytest.fixture
def clock(ask, room):
    """Have two pods write into their logs."""
    ask("apply", "-n", room, "-f", "-", stdin=manifest(ticking("clock", replicas=2)))
    ask("rollout", "status", "-n", room, "deploy/clock", "--timeout=60s", within=PATIENCE)


def line_of(text):
    """Return the pod and the number of a line that was merged."""
    found = re.fullmatch(r"(clock-\S+) +\| (\{.*\})", text)
    assert found, text
    return found[1], json.loads(found[2])["n"]


def told(pentad, what, said):
    """Return what `why` prints once it says this."""
    return eventually_blocking(
        lambda: pentad("why", what, "-o", "text").stdout,
        where=lambda text: said in text,
        within=PATIENCE,
    )


@pytest.mark.usefixtures("clock")
def test_logs_of_all_pods_are_one(pentad):
    """Lines of both pods in the order of their times, each behind its pod's name."""
    found = eventually_blocking(
        lambda: [line_of(each) for each in pentad("logs", "deploy/clock").stdout.splitlines()],
        where=lambda lines: len({name for name, n in lines if n >= 2}) == 2,
        within=PATIENCE,
    )

    for name in {name for name, _ in found}:
        numbers = [n for each, n in found if each == name]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    changes = sum(one[0] != two[0] for one, two in itertools.pairwise(found))
    assert changes > 1, "merged by time, not pod after pod"


@pytest.mark.usefixtures("clock")
def test_how_much_of_the_logs_is_a_choice(pentad):
    """By number of lines, by label, by age; JSON names the pod of each record."""
    last = pentad("logs", "deploy/clock", "--tail=1", "--service=clock", "--since=10m")
    none = pentad("logs", "deploy/clock", "--service=other")
    records = [
        json.loads(line)
        for line in pentad("logs", "deploy/clock", "--tail=1", "-o", "json").stdout.splitlines()
    ]

    assert 2 == len(last.stdout.splitlines())
    assert (3, 1) == (none.returncode, none.stderr.count("\n"))
    assert ["tick", "tick"] == [each["record"]["event"] for each in records]
    assert {"main"} == {each["container"] for each in records}


@pytest.mark.usefixtures("clock")
def test_following_ends_by_ctrl_c(command):
    """It goes on as long as wanted, and ends with 130 and without a word."""
    words, environ = command
    with subprocess.Popen(
        [*words, "logs", "-f", "deploy/clock", "--tail=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    ) as program:
        with contextlib.closing(program.stdout) as out:
            seen = [line_of(out.readline().rstrip()) for _ in range(8)]
            program.send_signal(signal.SIGINT)
            assert 130 == program.wait(timeout=30)
        assert "" == program.stderr.read()

    assert 2 == len({name for name, _ in seen})
    assert len(set(seen)) == len(seen)


@pytest.mark.usefixtures("clock")
def test_following_takes_pods_that_come_later(command, ask, room):
    """From their first line on, as soon as they run; and it goes on when all are replaced."""
    words, environ = command
    with (
        subprocess.Popen(
            [*words, "logs", "-f", "deploy/clock", "--tail=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        ) as program,
        contextlib.closing(program.stdout) as out,
    ):

        def names(many):
            """Read until there are lines of so many pods; return the first number of each."""
            first = {}
            while len(first) < many:
                name, number = line_of(out.readline().rstrip())
                first.setdefault(name, number)
            return first

        before = names(2)
        ask("scale", "deploy/clock", "-n", room, "--replicas=3")
        three = names(3)
        assert [0] == [three[name] for name in three.keys() - before.keys()]
        ask("delete", "pods", "-n", room, "--all", "--wait=false")
        while three.keys() & names(3).keys():
            pass
        program.send_signal(signal.SIGINT)
        assert 130 == program.wait(timeout=30)


@pytest.mark.usefixtures("clock")
def test_following_ends_with_its_reader(command):
    """`| head` closes the pipe: no traceback, whoever of the containers notices first."""
    words, environ = command
    with subprocess.Popen(
        [*words, "logs", "-f", "deploy/clock", "--tail=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    ) as program:
        line_of(program.stdout.readline().rstrip())
        program.stdout.close()
        assert 141 == program.wait(timeout=30)
        assert "" == program.stderr.read()


@pytest.mark.usefixtures("clock")
def test_records_are_readable_on_a_terminal(command):
    """Level, event and fields instead of JSON, in colours."""
    words, environ = command
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [*words, "logs", "deploy/clock", "--tail=1"],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env={**environ, "TERM": "xterm"},
        )
        shown = os.read(ours, 65_536).decode()
    finally:
        os.close(ours)
        os.close(theirs)

    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(
        r"^\x1b\[36mclock-\S+ \|\x1b\[0m \x1b\[32minfo    \x1b\[0m \x1b\[1mtick\x1b\[0m "
        r"\x1b\[36mn\x1b\[0m=\d+",
        shown,
        re.MULTILINE,
    )


def test_why_real_containers_do_not_run(ask, room, pentad):
    """An image that is nowhere, a crash with its last words, a probe, a missing ConfigMap."""
    lost = pod("lost", "sh")
    lost["spec"]["containers"][0]["image"] = "local/nowhere:1"
    crash = pod("crash", "sh", "-c", "echo no such table; exit 7")
    probed = pod("probed", "sleep", "600")
    probe = {"exec": {"command": ["sh", "-c", "echo not yet; exit 1"]}, "periodSeconds": 1}
    probed["spec"]["containers"][0]["readinessProbe"] = probe
    unset = pod("unset", "sh")
    unset["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "nowhere"}}]
    words = "echo no such table | tee /kept/words; exit 7"
    once = pod("once", "sh", "-c", f"test -e /kept/words && exec sleep 600; {words}")
    once["spec"]["volumes"] = [{"name": "kept", "emptyDir": {}}]
    once["spec"]["containers"][0]["volumeMounts"] = [{"name": "kept", "mountPath": "/kept"}]
    ask("apply", "-n", room, "-f", "-", stdin=manifest(lost, crash, probed, unset, once))

    assert "container main cannot pull the image local/nowhere:1" in told(
        pentad, "pod/lost", "cannot pull"
    )
    assert "read its last words: kubectl pentad logs pod/crash -c main --previous" in told(
        pentad, "pod/crash", "with exit code 7 (Error)"
    )
    assert "Readiness probe failed: not yet" in told(pentad, "pod/probed", "Readiness probe")
    assert "→ create the configmap nowhere, or refer to another" in told(
        pentad, "pod/unset", "cannot start"
    )
    # Of one that crashes for ever, "previous" names a container that may be swept away by then.
    eventually_blocking(
        lambda: pentad("logs", "pod/once", "--previous").stdout,
        equals="once | no such table\n",
        within=PATIENCE,
    )
