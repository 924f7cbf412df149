"""Every printed command of VÉRTICE runs as the tables of docs/guide/vertice-commands.md say."""

import json
import re

import pytest

from hack.gen.__main__ import ROOT
from tests.e2e.printed import rows, shell
from tests.kit.cluster import kubectl_of

PAGE = ROOT / "docs/guide/vertice-commands.md"
ROWS = rows(PAGE)
HERE, LATER = "control plane", "later"
FOLDERS = re.compile(r"`((?:manifests|reconcilers)/[^`…]+)`")
NAMES = re.compile(r"(ServiceAccount|ClusterRole) `([\w-]+)`")


def test_every_row_is_run_or_says_why_not():
    """Nothing is left out, or run as something else, without a reason."""
    assert [] == [row.printed for row in ROWS if not row.why]
    assert {HERE, LATER} == {row.needs for row in ROWS}


def test_every_path_of_the_page_is_there():
    """A file that moves takes its line along."""
    named = FOLDERS.findall(PAGE.read_text())

    assert [] == [path for path in named if not (ROOT / path).exists()]
    assert len(named) > 5


@pytest.mark.timeout(300)
def test_the_commands_do_what_they_say(own_cluster, tmp_path):
    """On a control plane: what is installed has the names that the page says."""
    cluster = own_cluster()
    kubectl = kubectl_of(cluster)
    with shell(cluster, tmp_path) as sh:
        for row in ROWS:
            if row.needs == HERE:
                sh.run(row.runs_as)

    assert "20" == kubectl(
        "get", "vsc", "core-service-scaler", "-o", "jsonpath={.spec.maxReplicas}"
    )
    here = [line.split("|")[2] for line in PAGE.read_text().splitlines() if "ClusterRole" in line]
    made = {
        (each["kind"], each["metadata"]["name"])
        for each in json.loads(kubectl("get", "clusterroles,serviceaccounts", "-A", "-o", "json"))[
            "items"
        ]
    }
    assert set(NAMES.findall(" ".join(here))) <= made
    assert ("ServiceAccount", "vertice-operator") in made
