"""The stand-in as a process, asked over HTTP as the operator, Prometheus and tests ask it."""

import http.client
import json
import os
import signal
import subprocess
import sys

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hack.gen.__main__ import ROOT
from reconcilers.penin.metrics.exposition import parse
from reconcilers.penin.metrics.figures import figures, missing


@attrs.define
class Running:
    """A stand-in that runs."""

    process: subprocess.Popen
    port: int

    def ask(self, path, body=None, *, seconds=10):
        """Return the status and the answer."""
        server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            server.request("GET" if body is None else "POST", path, body=body and json.dumps(body))
            answer = server.getresponse()
            return answer.status, answer.read().decode()
        finally:
            server.close()

    def tell(self, **behaviour):
        """Have it behave otherwise."""
        status, answer = self.ask("/misbehave", behaviour)
        assert 200 == status, answer

    def samples(self):
        """Return its metrics, by name and labels."""
        return {
            (each.name, *each.labels.values()): each.value
            for family in text_string_to_metric_families(self.ask("/metrics")[1])
            for each in family.samples
        }


def launch(**environment):
    """Start one; it tells its port."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.standin.penin"],
        cwd=ROOT,
        env=os.environ | {"PENIN_PORT": "0"} | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def service(tmp_path):
    """Return one with settings, as a pod has them."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"config": {"budgetDailyUsd": 5.0}}))
    process = launch(PENIN_SERVICE="omega-meta", PENIN_CLUSTER="c", PENIN_CONFIG=str(config))
    with process:
        said = json.loads(process.stdout.readline())
        yield Running(process, said["port"])
        process.kill()


def test_health_says_who_it_is(service):
    """And that it stands in for something else."""
    status, answer = service.ask("/health")

    assert 200 == status
    assert {
        "status": "ok",
        "standIn": True,
        "service": "omega-meta",
        "cluster": "c",
        "release": "dev",
    } == json.loads(answer)


def test_metrics_are_those_of_the_specification(service):
    """Prometheus' own parser reads them."""
    found = service.samples()

    assert 0.7828 == found["penin_alpha",]
    assert 0.05 == found["penin_delta_linf",]
    assert 3.9045 == found["penin_caos_plus",]
    assert 0.8668 == found["penin_sr_score",]
    assert 0 == found["penin_gate_fail_total", "ece"]
    assert found["penin_cycle_duration_seconds_bucket", "+Inf"] >= 0
    assert 0 == found["http_requests_total", "200"]


def test_the_operator_reads_them(service):
    """With the reader that it has for services that are not ours."""
    page = parse(service.ask("/metrics")[1])

    assert [] == missing(figures({"omegaMeta": [page]}))


def test_health_metrics_and_settings_are_as_told(service):
    """At run time, and told back."""
    service.tell(health=503, metrics={"penin_alpha": 0.2, "penin_sr_score": None})
    found = service.samples()

    assert 503 == service.ask("/health")[0]
    assert 0.2 == found["penin_alpha",]
    assert ("penin_sr_score",) not in found
    told = json.loads(service.ask("/behaviour")[1])
    assert 503 == told["behaviour"]["health"]
    assert {"config": {"budgetDailyUsd": 5.0}} == told["settings"]


def test_work_fails_at_the_share_it_was_told(service):
    """Exactly and evenly; requests and their lengths are counted."""
    service.tell(errors=0.2)
    codes = [service.ask("/work")[0] for _ in range(20)]
    found = service.samples()

    assert [200, 200, 200, 200, 500] * 4 == codes
    assert (16, 4) == (found["http_requests_total", "200"], found["http_requests_total", "500"])
    assert 20 == found["http_request_duration_seconds_count",]
    assert found["http_request_duration_seconds_sum",] > 0


def test_work_takes_as_long_as_told(service):
    """So that a guard on latency has something to see."""
    service.tell(delay=0.3)
    service.ask("/work")

    assert service.samples()["http_request_duration_seconds_sum",] >= 0.3


def test_one_that_hangs_answers_nothing_until_it_is_told_to(service):
    """Probes run into their time limit."""
    service.tell(hang=True)
    with pytest.raises(TimeoutError):
        service.ask("/health", seconds=0.5)
    service.tell(hang=False)

    assert 200 == service.ask("/health")[0]


def test_one_that_crashes_is_gone(service):
    """With an exit code that says so."""
    with pytest.raises(http.client.RemoteDisconnected):
        service.tell(crash=True)

    assert 1 == service.process.wait(timeout=10)


def test_a_release_that_crashes_never_serves():
    """As an image would that cannot start."""
    with launch(PENIN_RELEASE="0.9.1-crash") as process:
        assert "crash" == json.loads(process.stdout.readline())["event"]
        assert 1 == process.wait(timeout=10)


def test_it_ends_when_it_is_asked_to(service):
    """Within a cycle, cleanly."""
    service.process.send_signal(signal.SIGTERM)

    assert 0 == service.process.wait(timeout=10)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/nothing", None, 404),
        ("/misbehave", {"helth": 503}, 400),
        ("/misbehave", [1], 400),
        ("/propose", {}, 503),
    ],
)
def test_what_cannot_be_is_refused(service, path, body, expected):
    """With the reason."""
    status, answer = service.ask(path, body)

    assert expected == status
    assert json.loads(answer)["error"]
