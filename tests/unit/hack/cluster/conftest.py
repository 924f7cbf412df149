"""Stand-ins for programs that take minutes to build, and for the client that builds them."""

import sys
from pathlib import Path

import attrs
import pytest

from hack.cluster.bundles import Bundle
from hack.cluster.releases import Version

GO = """#!{python}
import os, pathlib, sys, time
here = pathlib.Path(__file__).parent
command, arguments = sys.argv[1], sys.argv[2:]
with (here / "calls").open("a") as file:
    file.write(" ".join([command, *arguments]) + "\\n")
mode = (here / "mode").read_text()
if mode == "old":
    sys.exit("go: go.mod requires go >= 1.99.0 (running go 1.26.8; GOTOOLCHAIN=local)")
if command == "list" and "-deps" in arguments:
    sys.exit(0 if mode in ("fetched", "broken", "slow") else 1)
if command == "list" and mode == "silent":
    time.sleep(60)
if command == "mod" and mode != "fetched":
    if os.environ.get("GOPROXY") == "off":
        sys.exit("module lookup disabled by GOPROXY=off")
    time.sleep(60)
if command == "list" and mode == "refused":
    sys.exit("no such host")
if command == "build":
    print("k8s.io/compiling/this", file=sys.stderr, flush=True)
    if mode == "broken":
        sys.exit("undefined: x")
    at = next(number for number, each in enumerate(arguments) if each.startswith("-o="))
    output = pathlib.Path(arguments[at][3:])
    for package in arguments[at + 1:]:
        with (output / package.rsplit("/", 1)[1]).open("w") as file:
            file.write("half")
            file.flush()
            time.sleep(0.3 if mode == "slow" else 0)
            file.write(" whole")
"""


@attrs.frozen
class StandInGo:
    """A Go client that does as it is told, and remembers what it was asked."""

    folder: Path

    def will(self, mode: str) -> None:
        """Choose how it behaves from now on."""
        (self.folder / "mode").write_text(mode)

    def calls(self, command: str) -> list[str]:
        """Return the calls of one command."""
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line for line in lines if line.split()[0] == command]


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Put a stand-in Go client first on PATH."""
    folder = tmp_path / "go"
    folder.mkdir()
    program(folder / "go", GO.format(python=sys.executable))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    made = StandInGo(folder)
    made.will("fetched")
    return made


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """Return a bundle of two programs, with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return Bundle(
        name="kubernetes",
        version=Version(1, 36, 3),
        programs={"one": "example.org/cmd/one", "two": "example.org/cmd/two"},
        stamps={"example.org/version.version": "v1.36.3"},
    )


def program(path, text):
    """Write an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
