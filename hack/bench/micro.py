"""The micro benchmarks: every module `hack.bench.micro_*`, each in a fresh interpreter.

Such a module has one function, `measure() -> dict[str, float]`. A name ending in `_ratio` is a
ratio to `reference_loop()` of the same process, so it can be compared between machines; the others
are absolute and say their unit in their name. `python -m hack.bench.micro NAME` runs one.
"""

import argparse
import asyncio
import importlib
import json
import pkgutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from hack.bench.process import PeerError

_PREFIX: Final = "micro_"
_TIMEOUT: Final = 600.0
_LOOP: Final = 1_000_000


def reference_loop() -> float:
    """Return the seconds a fixed pure-Python loop takes: the yardstick of the ratios."""
    samples = []
    for _ in range(5):
        begin = time.perf_counter()
        total = 0
        for number in range(_LOOP):
            total += number & 7
        samples.append(time.perf_counter() - begin)
    return statistics.median(samples)


def names() -> list[str]:
    """Return the micro benchmarks of this checkout."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(m.name.removeprefix(_PREFIX) for m in found if m.name.startswith(_PREFIX))


async def run(name: str) -> dict[str, float]:
    """Run one in a fresh interpreter, so that no earlier one's heap is in its way."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __spec__.name, name, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(_TIMEOUT):
        out, _ = await process.communicate()
    if process.returncode:
        raise PeerError(f"the micro benchmark {name} failed; its error is above")
    result: dict[str, float] = json.loads(out)
    return result


def show(measure: Callable[[], dict[str, float]], arguments: Sequence[str]) -> None:
    """Print the figures of one, or with `--help` what its module says of them."""
    _parser(sys.modules[measure.__module__]).parse_args(arguments)
    for figure, value in sorted(measure().items()):
        print(f"{figure:30}{value:14,.3f}")


def main(arguments: Sequence[str]) -> None:
    """Print the figures of the one that is named, for programs."""
    parser = _parser(sys.modules[__name__])
    parser.add_argument("name", choices=names())
    chosen = parser.parse_args(arguments)
    module = importlib.import_module(f"hack.bench.{_PREFIX}{chosen.name}")
    print(json.dumps(module.measure()))


def _parser(module: ModuleType) -> argparse.ArgumentParser:
    assert module.__spec__ is not None, "run as `python -m`"
    return argparse.ArgumentParser(
        prog=f"python -m {module.__spec__.name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
