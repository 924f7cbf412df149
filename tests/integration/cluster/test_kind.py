"""--cluster=kind goes through pytest-kind, shown with a stand-in for kind.

kind needs Docker, which the machines these tests run on may not have. The stand-in notes how it is
called and hands out the kubeconfig of the run's own cluster, so everything but kind is real.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cluster.conftest import REPOSITORY

STAND_IN = """#!{python}
import pathlib, shutil, sys
with open({calls!r}, "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
options = dict(each[2:].split("=", 1) for each in sys.argv if each.startswith("--"))
if sys.argv[1] == "create":
    shutil.copy({kubeconfig!r}, options["kubeconfig"])
"""
SHARED = "tests/integration/cluster/test_shared_cluster.py"


def run(folder, *options, path=None):
    """Run a few tests that use the shared cluster, in another process and folder."""
    environment = os.environ | ({} if path is None else {"PATH": path})
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", REPOSITORY / SHARED, "--cluster=kind", *options],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def stand_in(tmp_path, cluster):
    """Return a program to be taken for kind, and the file it notes its calls in."""
    calls = tmp_path / "calls"
    program = tmp_path / "kind"
    program.write_text(
        STAND_IN.format(python=sys.executable, calls=str(calls), kubeconfig=str(cluster.kubeconfig))
    )
    program.chmod(0o755)
    return program, calls


def test_kind_is_called_through_pytest_kind(tmp_path, stand_in, cluster):
    """One cluster is created with a kubeconfig of its own, used, and deleted; nothing stays."""
    program, calls = stand_in
    folder = tmp_path / "work"
    folder.mkdir()

    done = run(
        folder,
        f"--kind-bin={program}",
        f"--kind-kubectl-bin={cluster.kubectl}",
        "--kind-image=local/node",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    listed, created, deleted = (line.split() for line in calls.read_text().splitlines())
    assert listed == ["get", "clusters"]
    assert created[:2] == ["create", "cluster"]
    assert deleted == ["delete", "cluster", *created[2:4]]
    assert created[2].startswith("--name=pentad-")
    assert created[4] == "--image=local/node"
    assert not (folder / ".pytest-kind").exists()
    assert not Path(created[3].removeprefix("--kubeconfig=")).is_relative_to(folder)


def test_missing_kind_fails_the_run(tmp_path):
    """Without kind the run fails with the remedy; nothing is skipped, nothing downloaded."""
    done = run(tmp_path, path="/nowhere")

    assert done.returncode == 1
    assert "--kind-bin" in done.stdout
    assert "2 errors" in done.stdout
    assert "skipped" not in done.stdout
