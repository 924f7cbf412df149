"""`make setup`: everything a fresh machine lacks, and nothing when it lacks nothing.

Runs on the system's Python with the standard library alone, since it makes the environment that
everything else runs in: `.venv` with the locked packages, and the control plane's programs in the
user's cache; `--no-cluster` (`make env`) leaves the latter out. A stamp beside the environment says
what it was made from, so a second run costs a few milliseconds. What takes long tells every ten
seconds that it goes on, and with what.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / "bin" / "python"
STAMP: Final = VENV / ".made-from"
LOCK: Final = ROOT / "requirements" / "dev.txt"
OLDEST: Final = (3, 11)
INSTALL_SECONDS: Final = 1200
BUILD_SECONDS: Final = 3600
INTERRUPTED: Final = 130
PULSE_SECONDS: Final = 10.0
STEP: Final = re.compile(r"Installing collected packages|\S+ \S+")
"""As much of a line of pip's as fits beside the time."""


def main() -> int:
    """Make what is missing; Ctrl-C ends it in one line, whatever is under way."""
    try:
        return _prepare()
    except KeyboardInterrupt:
        _say("interrupted; `make setup` goes on where it was")
        return INTERRUPTED


def _prepare() -> int:
    """The environment, then the programs."""
    if sys.version_info < OLDEST:
        _fail(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, this is "
            f"{sys.version_info[0]}.{sys.version_info[1]}: install it and run "
            "`make setup PYTHON=python3.11`"
        )
    _make_environment()
    if "--no-cluster" in sys.argv[1:]:
        return 0
    return _run([str(PYTHON), "-m", "hack.cluster", "build"], seconds=BUILD_SECONDS)


def _make_environment() -> None:
    """The virtual environment with exactly the locked packages."""
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted:
        return
    began = time.perf_counter()
    _say(f"making {VENV.name} with the packages of {LOCK.relative_to(ROOT)}")
    try:
        with _telling(lambda: f"making {VENV.name}"):
            venv.create(VENV, with_pip=True, clear=VENV.exists())
    except subprocess.CalledProcessError:  # Debian ships Python without its ensurepip
        _fail("this Python cannot make environments: `apt-get install python3-venv`, or the like")
    _say("installing packages")
    pip = [str(PYTHON), "-m", "pip", "install", "--progress-bar=off"]
    if code := _install([*pip, "--require-hashes", "-r", str(LOCK)]):
        _fail(f"the packages could not be installed (exit {code}); is the package index reachable?")
    STAMP.write_text(wanted)
    _say(f"{VENV.name} is ready after {time.perf_counter() - began:.0f} s")


def _install(command: list[str]) -> int:
    """Install packages for a bounded time, telling now and then which one is at hand."""
    last = [""]
    with (
        _telling(lambda: f"installing packages ({last[0]})"),
        subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True
        ) as process,
    ):

        def follow() -> None:
            for line in process.stdout or ():
                if step := STEP.match(line.strip()):
                    last[0] = step[0]

        reader = threading.Thread(target=follow)
        reader.start()
        try:
            process.wait(INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        reader.join()
    return process.returncode


@contextlib.contextmanager
def _telling(what: Callable[[], str]) -> Iterator[None]:
    """Tell every ten seconds that the enclosed work goes on, and for how long."""
    began, is_over = time.perf_counter(), threading.Event()

    def tell() -> None:
        while not is_over.wait(PULSE_SECONDS):
            _say(f"{what()}: running for {time.perf_counter() - began:.0f} s")

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        yield
    finally:
        is_over.set()
        teller.join()


def _run(command: list[str], *, seconds: int) -> int:
    """Run a step with its output shown, for a bounded time."""
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(),
            timeout=seconds,
            check=False,
            stdout=subprocess.DEVNULL,  # results; what is being done is told on stderr
        ).returncode
    except subprocess.TimeoutExpired:
        _fail(f"`{' '.join(command[:4])} …` took longer than {seconds} s and was ended")


def _environment() -> dict[str, str]:
    return os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def _say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


def _fail(text: str) -> NoReturn:
    print(f"setup: {text}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    sys.exit(main())
