"""The controller-runtime peer is built once, and a machine that cannot is told in a line."""

import io
import re
import sys
import time

import pytest

from hack.bench import gopeer
from hack.bench.process import PeerError
from hack.cluster import progress
from hack.cluster.progress import Progress

GO = """#!{python}
import pathlib, sys, time
here, mode = pathlib.Path(__file__).parent, "{mode}"
with (here / "calls").open("a") as file:
    print(*sys.argv[1:3], file=file)
match sys.argv[1:3]:
    case "list", "-deps":
        sys.exit(mode == "silent")
    case "list", _:
        time.sleep(60)
    case "build", _:
        print("example.org/compiling", file=sys.stderr, flush=True)
        for _ in range(2000 * (mode == "slow")):
            if (here / "heard").exists():
                break
            time.sleep(0.01)
        if mode == "broken":
            sys.exit("undefined: x")
        output = next(each for each in sys.argv if each.startswith("-o="))
        pathlib.Path(output[3:]).write_text("built")
"""


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Return a function that puts a stand-in Go client on PATH; the cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(mode):
        path = tmp_path / "go"
        path.write_text(GO.format(python=sys.executable, mode=mode))
        path.chmod(0o755)
        return tmp_path / "calls"

    return put


class Ear(io.StringIO):
    """Somebody who reads along, and lets a slow build go on once it was told of."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def write(self, text):
        """Hear it."""
        if ": running" in text and "compiling" in text:
            (self.folder / "heard").touch()
        return super().write(text)


async def build(told=None):
    """Build, and return the binary and what was told."""
    told = told or io.StringIO()
    return await gopeer.build(Progress(told)), told.getvalue()


async def test_it_is_built_once(go):
    """The second run takes what the first one built, and asks Go for nothing."""
    calls = go("quick")

    first, _ = await build()
    again, _ = await build()

    assert (first, "built") == (again, again.read_text())
    assert ["list -deps", "build -v"] == calls.read_text().splitlines()


async def test_a_build_that_takes_long_is_told_with_its_time(go, monkeypatch, tmp_path):
    """What is compiled at the moment, and for how long it has been going on."""
    monkeypatch.setattr(progress, "_QUIET", 0.01)
    monkeypatch.setattr(progress, "_PULSE", 0.01)
    go("slow")

    _, told = await build(Ear(tmp_path))

    assert "controller-runtime peer (once; takes minutes) (example.org/compiling): running" in told
    assert re.search(r"done after [\d.]+ s$", told.strip())


async def test_a_source_that_is_silent_is_given_up_in_three_seconds(go):
    """Nothing is built, and the line says how to go on without the peer."""
    calls = go("silent")
    began = time.perf_counter()

    with pytest.raises(PeerError, match=r"cannot be fetched.*GOPROXY.*--peers ours"):
        await build()

    assert time.perf_counter() - began < 6
    assert "build" not in calls.read_text()


async def test_a_build_that_fails_shows_why_and_leaves_nothing(go, tmp_path):
    """The Go client's last lines are told."""
    go("broken")

    with pytest.raises(PeerError, match="undefined: x"):
        await build()

    assert [] == list((tmp_path / "cache" / "pentad" / "bench").iterdir())


async def test_a_machine_without_go_is_told_where_to_get_it(go):
    """In one line, with the way to do without."""
    del go

    with pytest.raises(PeerError, match=r"go\.dev.*--peers ours"):
        await build()
