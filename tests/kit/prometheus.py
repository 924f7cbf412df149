"""A real Prometheus on loopback that scrapes what a test tells it to, and promtool.

It runs as its own process with its own data folder and ends with the test. Samples come every half
second, so a rate has something to go by after a few; what it says is asked over its HTTP API.
"""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import yaml

from hack.cluster.cluster import Cluster
from hack.cluster.ports import free_port
from tests.kit.eventually import eventually_blocking

SCRAPE_SECONDS: Final = 0.5
_READY_SECONDS: Final = 30.0
_ASK_SECONDS: Final = 10.0
_END_SECONDS: Final = 15.0
_IMPORT_SECONDS: Final = 60.0
_KEPT: Final = "90d"


@attrs.frozen
class Target:
    """Something that tells figures, and the labels that a scrape adds to them."""

    address: str
    labels: Mapping[str, str]


@attrs.frozen
class Prometheus:
    """A running Prometheus."""

    url: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """End it, as a node that dies would."""
        self.process.kill()
        self.process.wait(timeout=_END_SECONDS)

    def ask(self, path: str, **parameters: str) -> Any:
        """Return the data of an answer of its API, or fail with what it complained about."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=_ASK_SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.read().decode()}") from error

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an instant query, now."""
        found = self.ask("query", query=expression)["result"]
        assert isinstance(found, list)
        return found

    def unhealthy(self) -> list[str]:
        """Return what is wrong with each target that has not been scraped well."""
        return [
            f"{each['scrapeUrl']}: {each['health']} {each['lastError']}"
            for each in self.ask("targets")["activeTargets"]
            if each["health"] != "up"
        ]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find or build the programs if any test needs them, outside of every test's time limit."""
    if session.config.option.collectonly or not any(
        "tools" in getattr(item, "fixturenames", ()) for item in session.items
    ):
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        Cluster.provide_tools()


@pytest.fixture(scope="session")
def tools() -> dict[str, str]:
    """Return the paths of the programs."""
    return Cluster.provide_tools()


@pytest.fixture
def promtool(tools: dict[str, str]) -> str:
    """Return the path of promtool."""
    return tools["promtool"]


@pytest.fixture
def prometheus(tools: dict[str, str], tmp_path: Path) -> Iterator[Any]:
    """Return a function that starts a Prometheus on some targets and rule files.

    It listens on a port of loopback, or where `at` says, such as at the address that pods reach.
    What it is to remember of the weeks before is given as OpenMetrics.
    """
    running: list[subprocess.Popen[bytes]] = []

    def start(
        targets: Sequence[Target], *, rules: Sequence[Path] = (), at: str = "", past: str = ""
    ) -> Prometheus:
        folder = tmp_path / f"prometheus-{len(running)}"
        folder.mkdir()
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(configuration(targets, rules)))
        if past:
            remember(tools["promtool"], past, folder)
        url = f"http://{at or f'127.0.0.1:{free_port()}'}"
        log = folder / "log"
        with log.open("wb") as out:
            running.append(
                subprocess.Popen(
                    [
                        tools["prometheus"],
                        f"--config.file={config}",
                        f"--storage.tsdb.path={folder / 'data'}",
                        f"--storage.tsdb.retention.time={_KEPT}",
                        f"--web.listen-address={url.removeprefix('http://')}",
                        "--log.level=warn",
                    ],
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            )
        made = Prometheus(url, log, running[-1])
        eventually_blocking(lambda: _is_ready(made), within=_READY_SECONDS)
        return made

    yield start
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=_END_SECONDS)


def remember(promtool: str, past: str, folder: Path) -> None:
    """Make the blocks of a Prometheus that has run for weeks."""
    text = folder / "past.om"
    text.write_text(past)
    # Of two hours each, as it would make them otherwise, they take ten times as long.
    create = [promtool, "tsdb", "create-blocks-from", "--max-block-duration=768h", "openmetrics"]
    subprocess.run(
        [*create, text, folder / "data"],
        check=True,
        capture_output=True,
        timeout=_IMPORT_SECONDS,
    )


def configuration(targets: Sequence[Target], rules: Sequence[Path]) -> dict[str, Any]:
    """Return a configuration as a ServiceMonitor with `honorLabels: true` would make it."""
    interval = f"{SCRAPE_SECONDS * 1000:.0f}ms"
    return {
        "global": {
            "scrape_interval": interval,
            "scrape_timeout": interval,
            "evaluation_interval": interval,
        },
        "rule_files": [str(each) for each in rules],
        "scrape_configs": [
            {
                "job_name": "targets",
                "honor_labels": True,
                "static_configs": [
                    {"targets": [each.address], "labels": dict(each.labels)} for each in targets
                ],
            }
        ],
    }


def _is_ready(found: Prometheus) -> bool:
    if found.process.poll() is not None:
        raise RuntimeError(f"Prometheus ended: {found.log.read_text()}")
    try:
        with urllib.request.urlopen(f"{found.url}/-/ready", timeout=_ASK_SECONDS):
            return True
    except OSError:
        return False
