"""Every alert fires when it should, and does not in the case beside it: promtool tells."""

import re
import subprocess

import pytest
import yaml

from tests.e2e.test_dashboards import DASHBOARDS, RULES

TESTS = sorted((RULES[0].parents[3] / "tests/e2e/rules").glob("*_test.yaml"))
_ABOUT = re.compile(r'alertname="(\w+)"')


def promtool_says(promtool, *arguments):
    """Return what promtool prints; it may only be content."""
    done = subprocess.run(
        [promtool, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_rules_are_valid(promtool):
    """Expressions, templates and the form of the files."""
    told = promtool_says(promtool, "check", "rules", *RULES)

    found = {int(number) for number in re.findall(r"(\d+) rules found", told)}
    assert found == {len(alerts(path)) for path in RULES}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should(promtool, path):
    """On series made for the purpose, minute by minute."""
    promtool_says(promtool, "test", "rules", path)


def alerts(path):
    """Return the names of the alerts of a file."""
    groups = yaml.safe_load(path.read_text())["groups"]
    return [rule["alert"] for group in groups for rule in group["rules"]]


def test_every_alert_is_tried_both_ways():
    """For each there is a moment at which it fires, and one at which it does not."""
    fires, rests = set(), set()
    for path in TESTS:
        for each in yaml.safe_load(path.read_text())["tests"]:
            for query in each["promql_expr_test"]:
                (fires if query["exp_samples"] else rests).update(_ABOUT.findall(query["expr"]))

    names = {name for path in RULES for name in alerts(path)}
    assert names == fires == rests


def test_objects_and_plain_files_say_the_same():
    """The PrometheusRule holds the very groups that were tried here."""
    for path in RULES:
        rule = yaml.safe_load(path.with_name(path.name.replace(".rules", "")).read_text())

        assert "PrometheusRule" == rule["kind"]
        assert rule["spec"]["groups"] == yaml.safe_load(path.read_text())["groups"]


def test_dashboards_are_applied_as_config_maps(kubectl, namespace):
    """As Grafana's sidecar finds them, by label; the API server takes them."""
    folder = RULES[0].parents[1] / "dashboards"
    kubectl("apply", "--server-side", "-n", namespace, "-k", str(folder))

    listed = kubectl("get", "configmap", "-n", namespace, "-l", "grafana_dashboard=1", "-o", "name")
    assert [f"configmap/dashboard-{path.stem}" for path in DASHBOARDS] == sorted(listed.split())
