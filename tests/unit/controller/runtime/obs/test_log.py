"""Log lines: levels, formats, exceptions, and whose they are."""

import subprocess
import sys
from pathlib import Path

import pytest

from controller.runtime.controller import Controller, Options
from controller.runtime.obs.log import LEVELS, configure
from controller.runtime.obs.reconcileid import NUMBER, next_number, reconcile_id
from controller.runtime.reconcile import after, done
from informers.client import CAUSE
from tests.kit.eventually import eventually
from tests.unit.controller.runtime.obs.sink import Sink
from tests.unit.controller.runtime.world import World


@pytest.fixture
def sink():
    """Return a place for lines."""
    return Sink()


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_decides_what_is_written(sink, level):
    """Lines at the level and above are written, those below are not."""
    log = configure("json", level, stream=sink)

    for name in LEVELS:
        getattr(log, name)("happened")

    expected = [name for name, rank in LEVELS.items() if rank >= LEVELS[level]]
    assert expected == [line["level"] for line in sink.lines]


def test_the_level_changes_for_every_log_of_the_program(sink):
    """Logs bound before the change follow it."""
    log = configure("json", "error", stream=sink)
    bound = log.bind(part="x")

    bound.debug("before")
    log.level.set("debug")
    bound.debug("after")

    assert [("after", "x")] == [(line["event"], line["part"]) for line in sink.lines]


def test_what_is_no_level_is_refused_with_the_levels(sink):
    """The error tells what to say, and the level stays."""
    log = configure("json", "info", stream=sink)

    with pytest.raises(ValueError, match="say one of debug, info, warning, error"):
        log.level.set("loud")

    assert "info" == log.level.name


def test_a_line_is_one_json_object_with_its_time(sink):
    """Values JSON cannot say are written as text."""
    configure("json", "info", stream=sink).info("happened", what=ValueError("x"), number=3)

    (line,) = sink.lines
    assert ("happened", "info", "x", 3) == tuple(
        line[name] for name in ("event", "level", "what", "number")
    )
    assert line["timestamp"].endswith("Z")


def test_people_get_text(sink):
    """The console format is not JSON, and without a terminal has no colours."""
    configure("console", "info", stream=sink).info("happened", number=3)

    text = sink.written.decode()
    assert "happened" in text
    assert "number=3" in text
    assert "\x1b" not in text


def raised():
    """Return an exception that was raised."""
    try:
        return {}["gone"]
    except KeyError as error:
        return error


@pytest.mark.parametrize("format_", ["json", "console"])
def test_an_exception_comes_with_its_traceback(sink, format_):
    """exc_info takes the exception itself; None means there is none to show."""
    log = configure(format_, "info", stream=sink)
    log.error("failed", exc_info=raised())
    log.error("failed", exc_info=None)

    first, second = sink.written.decode().split("failed", 2)[1:]
    assert "KeyError: 'gone'" in first + sink.written.decode().split("failed")[0]
    assert "Traceback" not in second


def test_a_place_that_takes_no_lines_ends_no_program():
    """A closed terminal, a reader that went, a full disk: the work goes on without a log."""
    with Path("/dev/full").open("wb", buffering=0) as full:
        log = configure("json", "info", stream=full)
        log.info("happened")


def test_lines_of_a_reconcile_say_whose_they_are(sink):
    """Controller, key and id come from the context; what the caller says wins."""
    log = configure("json", "info", stream=sink)
    log.info("outside")
    cause, number = CAUSE.set("widget/ns/w"), NUMBER.set(next_number())
    log.info("inside")
    log.info("told", controller="other")
    first = reconcile_id()
    NUMBER.set(next_number())
    second = reconcile_id()
    NUMBER.reset(number)
    CAUSE.reset(cause)

    outside, inside, told = sink.lines
    assert "controller" not in outside
    assert "reconcile" not in outside
    assert ("widget", "ns/w", first) == (inside["controller"], inside["key"], inside["reconcile"])
    assert "other" == told["controller"]
    assert first != second
    assert "" == reconcile_id()


def test_logging_never_loads_rich_and_starts_fast():
    """In a fresh interpreter the import brings no rich, and lets others import it after."""
    program = (
        "import sys; import controller.runtime.obs.log; "
        "assert 'rich' not in sys.modules, 'rich was loaded'; "
        "assert 'prometheus_client' not in sys.modules; "
        "assert 'http.server' not in sys.modules"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert 0 == done.returncode, done.stderr


def test_a_program_starts_without_prometheus_and_the_http_server():
    """Both come with the first question: who is never asked never pays for them."""
    program = (
        "import sys; import controller.app; "
        "assert 'prometheus_client' not in sys.modules, 'prometheus_client'; "
        "assert 'http.server' not in sys.modules, 'http.server'"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert 0 == done.returncode, done.stderr


@pytest.mark.virtual
async def test_lines_of_one_reconcile_share_an_id_that_no_other_has(sink):
    """Of the same worker and the same object, too; nobody has to say it."""
    world, log = World(), configure("json", "info", stream=sink)
    counts = []

    class Telling:
        async def reconcile(self, request):
            log.info("begins")
            await world.clock.sleep(1)
            log.info("ends")
            counts.append(request.key)
            return done() if len(counts) > 1 else after(10)

    controller = Controller(
        "teller", Telling(), [], clock=world.clock, log=log, options=Options(workers=1)
    )
    async with world.working(controller):
        controller.queue.add("ns/a")
        await eventually(lambda: counts, equals=["ns/a", "ns/a"], within=60)

    assert [("teller", "ns/a", "begins"), ("teller", "ns/a", "ends")] * 2 == [
        (line["controller"], line["key"], line["event"]) for line in sink.lines
    ]
    first, also_first, second, also_second = (line["reconcile"] for line in sink.lines)
    assert (first, second) == (also_first, also_second)
    assert first != second
