"""Programs are built once, whole, and without waiting for a host that does not answer."""

import asyncio
import io
import re
import time

import attrs
import pytest

from hack.cluster import build, progress
from hack.cluster.errors import BuildError, MissingToolError
from hack.cluster.progress import Progress
from hack.cluster.releases import Version

QUIET = Progress(io.StringIO())


def test_programs_are_built_into_the_cache(go, bundle):
    """Missing programs are built by one call, stamped, from a module graph that stays as it is."""
    asyncio.run(build.build(bundle, progress=QUIET))

    assert {"one": "half whole", "two": "half whole"} == {
        name: (bundle.folder / name).read_text() for name in bundle.programs
    }
    (call,) = go.calls("build")
    assert "-mod=readonly" in call
    assert "-X example.org/version.version=v1.36.3" in call
    assert go.calls("list")[0].startswith("list -deps")


def test_what_is_left_out_is_looked_for_and_built_without(go, bundle):
    """Tags choose packages, so modules are looked for and programs built with the same ones."""
    asyncio.run(build.build(attrs.evolve(bundle, tags=("small", "quick")), progress=QUIET))

    (listed,), (built,) = go.calls("list"), go.calls("build")
    assert "-deps -tags=small,quick example.org/cmd/one" in listed
    assert " -tags=small,quick " in built


def test_every_step_of_a_build_is_told(go, bundle, monkeypatch):
    """Listing thousands of packages takes long before any is compiled, so that has a name, too."""
    monkeypatch.setattr(progress, "_QUIET", 0.0)
    told = io.StringIO()

    asyncio.run(build.build(bundle, progress=Progress(told)))

    assert [] != go.calls("build")
    titles = [re.split(r" \(|:", line)[0] for line in told.getvalue().splitlines()]
    assert ["looking for the modules of kubernetes 1.36.3", "building kubernetes 1.36.3"] == list(
        dict.fromkeys(titles)
    )


def test_what_is_there_is_not_built_again(go, bundle):
    """Only the missing program is built, and with none missing Go is not called."""
    bundle.folder.mkdir(parents=True)
    (bundle.folder / "one").write_text("kept")

    asyncio.run(build.build(bundle, progress=QUIET))
    asyncio.run(build.build(bundle, progress=QUIET))

    assert (bundle.folder / "one").read_text() == "kept"
    (call,) = go.calls("build")
    assert "cmd/one" not in call


def test_two_builds_at_once_build_once(go, bundle):
    """The second waits for the first and finds its programs; nobody sees half of one."""
    go.will("slow")
    seen = set()

    async def watch():
        while not (bundle.folder / "two").exists():
            seen.update(file.read_text() for file in bundle.folder.glob("*"))
            await asyncio.sleep(0.01)  # noqa: TID251 - looks at another process's work

    async def both():
        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            for _ in range(2):
                group.create_task(build.build(bundle, progress=QUIET))

    asyncio.run(both())

    assert len(go.calls("build")) == 1
    assert seen <= {"half whole"}
    assert not list(bundle.folder.parent.glob("*.building"))


def test_failed_build_shows_why_and_leaves_nothing(go, bundle):
    """The Go client's last lines are in the error, and the next build starts afresh."""
    go.will("broken")

    with pytest.raises(BuildError) as caught:
        asyncio.run(build.build(bundle, progress=QUIET))

    assert "undefined: x" in caught.value.detail
    assert not bundle.folder.exists()
    go.will("fetched")
    asyncio.run(build.build(bundle, progress=QUIET))
    assert (bundle.folder / "two").exists()


def test_interrupted_build_leaves_nothing(go, bundle):
    """A cancelled build ends the Go client and leaves no half-written program."""
    go.will("slow")

    async def interrupt():
        async with asyncio.timeout(0.4):
            await build.build(bundle, progress=QUIET)

    with pytest.raises(TimeoutError):
        asyncio.run(interrupt())

    assert not bundle.folder.exists()
    assert not list(bundle.folder.parent.glob("*.building"))


def test_silent_source_is_given_up_in_three_seconds(go, bundle):
    """When modules have to be fetched and nobody answers, that is told after three seconds."""
    go.will("silent")
    begun = time.perf_counter()

    with pytest.raises(BuildError, match=r"does not answer within 3 s.*GOPROXY"):
        asyncio.run(build.build(bundle, progress=QUIET))

    assert time.perf_counter() - begun < 6
    assert [] == go.calls("build")


def test_silent_source_is_given_up_before_a_module_graph_is_fetched(go, bundle):
    """Also a version whose graph has to be derived first waits for nobody who does not answer."""
    go.will("silent")
    other = attrs.evolve(bundle, version=Version(1, 30, 14), is_committed=False)
    begun = time.perf_counter()

    with pytest.raises(BuildError, match=r"does not answer within 3 s.*GOPROXY"):
        asyncio.run(build.build(other, progress=QUIET))

    assert time.perf_counter() - begun < 6
    assert ["mod", "list"] == [call.split()[0] for call in go.calls("mod") + go.calls("list")]


def test_a_build_that_takes_too_long_is_ended_and_told(go, bundle, monkeypatch):
    """Its limit is an error with the command and the time, and nothing half-built stays."""
    go.will("slow")
    monkeypatch.setattr(build, "_LONGEST", 0.4)

    with pytest.raises(BuildError, match=r"go build .* took longer than 0 s and was ended"):
        asyncio.run(build.build(bundle, progress=QUIET))

    assert not bundle.folder.exists()


def test_refusing_source_is_told(go, bundle):
    """When the Go client cannot fetch modules, its own reason is shown with the remedy."""
    go.will("refused")

    with pytest.raises(BuildError, match="go env GOPROXY") as caught:
        asyncio.run(build.build(bundle, progress=QUIET))

    assert "no such host" in caught.value.detail


def test_old_go_names_the_way_to_a_new_one(go, bundle):
    """A Go that is too old is told in one line, with the version that is needed."""
    go.will("old")

    with pytest.raises(MissingToolError, match=r"requires go >= 1\.99\.0.*go\.dev"):
        asyncio.run(build.build(bundle, progress=QUIET))


def test_missing_go_names_the_way_to_get_it(bundle, monkeypatch, tmp_path):
    """Without Go one line says where it comes from."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingToolError, match=r"go\.dev") as caught:
        asyncio.run(build.build(bundle, progress=QUIET))

    assert "\n" not in str(caught.value)
