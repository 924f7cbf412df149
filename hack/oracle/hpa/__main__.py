"""`python -m hack.oracle.hpa`: random cases to the HorizontalPodAutoscaler's own code and to ours.

Any difference is printed with its case, and the exit code is 1.
"""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Sequence
from typing import Final

from hack.cluster.errors import ClusterError
from hack.cluster.progress import Progress
from hack.oracle.hpa.build import build
from hack.oracle.hpa.comparison import Outcome, compare, running
from informers.clock import LoopClock

SINGLES: Final = 1_000_000
SEQUENCES: Final = 50_000
_SHOWN: Final = 10


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m hack.oracle.hpa", description=__doc__)
    parser.add_argument(
        "--singles", type=int, default=SINGLES, help="single decisions (%(default)s)"
    )
    parser.add_argument("--sequences", type=int, default=SEQUENCES, help="sequences (%(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="repeats a run")
    options = parser.parse_args(argv)
    print(f"seed {options.seed}", flush=True)
    try:
        return asyncio.run(_run(options))
    except ClusterError as error:
        print(f"error: {error}\n{error.detail}", file=sys.stderr)
        return 1


async def _run(options: argparse.Namespace) -> int:
    program = await build(Progress())
    clock = LoopClock()
    began = clock.monotonic()
    async with running(program) as oracle:
        outcome = await compare(
            oracle, singles=options.singles, sequences=options.sequences, seed=options.seed
        )
    _tell(outcome, clock.monotonic() - began)
    return 1 if outcome.differences else 0


def _tell(outcome: Outcome, seconds: float) -> None:
    for each in outcome.differences[:_SHOWN]:
        print(each)
    print(
        f"{outcome.asked} cases of {outcome.steps} decisions in {seconds:.0f} s: "
        f"{len(outcome.differences)} differences"
    )


if __name__ == "__main__":
    sys.exit(main())
