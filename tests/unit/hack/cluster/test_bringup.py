"""Every wait for a component ends, and then its last lines are shown."""

import asyncio
import signal

import pytest

from hack.cluster import bringup, components
from hack.cluster.api import Api
from hack.cluster.bringup import BringUp
from hack.cluster.errors import ComponentError
from hack.cluster.layout import Layout
from hack.cluster.record import Ports, Record
from tests.kit.eventually import eventually_blocking
from tests.unit.hack.cluster.conftest import program

PORTS = Ports(etcd=1, apiserver=1, controller_manager=1, scheduler=1, kwok=1)
LINES = "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); done"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Return a bring-up whose kwok, asked without TLS, is a shell script."""
    monkeypatch.setattr(bringup, "_PATIENCE", 0.5)
    layout = Layout(tmp_path / "cluster")
    layout.logs.mkdir(parents=True)
    record = Record(
        kubernetes="1.36.3",
        binaries={components.KWOK: str(tmp_path / "kwok")},
        ports=PORTS,
        fake_nodes=1,
    )
    made = BringUp(layout, record, Api())
    yield made
    for incarnation in made.record.processes.values():
        incarnation.send(signal.SIGKILL)
        eventually_blocking(lambda each=incarnation: not each.is_alive())


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (f"{LINES}; exec sleep 60", r"kwok is not at work after 0 s \(http://127"),
        (f"{LINES}; exit 3", "kwok ended while starting"),
    ],
    ids=["hangs", "ends"],
)
def test_component_that_never_works_is_told_with_its_last_lines(work, tmp_path, script, what):
    """The wait is bounded; the error names the log and the way to clean up, and shows the end."""
    program(tmp_path / "kwok", f"#!/bin/sh\n{script}\n")

    with pytest.raises(ComponentError, match=what) as caught:
        asyncio.run(work.start(components.kwok(work.layout, work.record)))

    assert str(work.layout.log(components.KWOK)) in str(caught.value)
    assert "hack.cluster down --name cluster" in str(caught.value)
    assert [f"line {n}" for n in range(25, 40)] == caught.value.detail.splitlines()
