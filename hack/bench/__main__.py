"""`python -m hack.bench`: run scenarios, print the figures, write them down.

A run of everything writes docs/benchmarks.md with its plot, and the README's table.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hack.bench.api import ApiError
from hack.bench.catalogue import GROUPS, MICRO, SCENARIOS
from hack.bench.document import render, table
from hack.bench.peers import KOPF, available
from hack.bench.plot import draw
from hack.bench.process import PeerError
from hack.bench.readme import replaced
from hack.bench.results import merge
from hack.bench.run import Plan, run
from hack.cluster.cluster import Cluster
from hack.cluster.errors import ClusterError
from informers.clock import LoopClock

_ROOT: Final = Path(__file__).parent.parent.parent
_DOCS: Final = _ROOT / "docs" / "benchmarks.md"
_README: Final = _ROOT / "README.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; 1 means a peer failed or computed something else."""
    options = _parser().parse_args(argv)
    if options.list:
        print(_listing())
        return 0
    if options.render:
        _write_docs(merge(json.loads(file.read_text("utf-8")) for file in options.render))
        return 0
    failures: list[BaseException] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        plan = _plan(options)
        with _cluster(options, plan) as (kubeconfig, log):
            result = asyncio.run(run(plan, kubeconfig=kubeconfig, audit_log=log, clock=LoopClock()))
    except* (PeerError, ApiError, ClusterError) as failed:
        failures = list(_leaves(failed))
    if failures:
        print(*(f"bench: {error}" for error in failures), sep="\n", file=sys.stderr)
        return 1
    if options.json is not None:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(table(result))
    if options.docs or _is_whole(options):
        _write_docs(result)
    return 0


def _is_whole(options: argparse.Namespace) -> bool:
    """Whether all was run at its real size, which is what the page shows."""
    parts = (options.scenario, options.peers, options.rounds, options.quick, options.profile)
    return not any(parts)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a tree of groups."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _parser() -> argparse.ArgumentParser:
    names = [*(scenario.name for scenario in SCENARIOS), MICRO, *GROUPS]
    parser = argparse.ArgumentParser(prog="python -m hack.bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument(
        "--scenario", action="append", choices=names, help="only this one; may be repeated"
    )
    parser.add_argument(
        "--peers", action="append", choices=available(), help="only this one; may be repeated"
    )
    parser.add_argument(
        "--rounds",
        type=_positive,
        help="of every peer (default 5, of latency 9; kopf 2, the extra peer of fanout 3)",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works")
    parser.add_argument(
        "--profile", type=Path, metavar="FILE", help="run ours under cProfile; figures suffer"
    )
    parser.add_argument(
        "--docs", action="store_true", help="write the page of a run that is not whole, too"
    )
    parser.add_argument(
        "--render",
        type=Path,
        action="append",
        metavar="FILE",
        help="write the docs from the JSON of earlier runs, and run nothing; may be repeated",
    )
    parser.add_argument(
        "--kubeconfig", type=Path, help="an empty cluster to use instead of a fresh local one"
    )
    parser.add_argument(
        "--cluster",
        default=f"bench-{secrets.token_hex(4)}",
        help="name of the local cluster, which begins empty (default: one of this run)",
    )
    parser.add_argument("--list", action="store_true", help="list scenarios and peers, run nothing")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least one round")
    return number


def _listing() -> str:
    lines = [f"{scenario.name:<14}{scenario.title}" for scenario in SCENARIOS]
    lines.append(f"{MICRO:<14}Parts of the machinery by themselves.")
    lines += [f"{name:<14}{', '.join(members)}" for name, members in GROUPS.items()]
    return "\n".join([*lines, "", f"peers: {', '.join(available())} ({KOPF} in three scenarios)"])


def _plan(options: argparse.Namespace) -> Plan:
    wanted = options.scenario or [*(scenario.name for scenario in SCENARIOS), MICRO]
    wanted += [name for group in wanted for name in GROUPS.get(group, ())]
    return Plan(
        scenarios=[scenario for scenario in SCENARIOS if scenario.name in wanted],
        peers=options.peers or available(),
        rounds=options.rounds,
        quick=options.quick,
        micro=MICRO in wanted,
        profile=options.profile,
    )


@contextmanager
def _cluster(options: argparse.Namespace, plan: Plan) -> Iterator[tuple[Path, Path | None]]:
    """Yield kubeconfig and audit log of a cluster made for this run, or the given kubeconfig."""
    if options.kubeconfig is not None:
        yield options.kubeconfig, None
        return
    cluster = Cluster.named(options.cluster)
    cluster.down()
    try:
        Cluster.up(
            options.cluster,
            fake_nodes=plan.fake_nodes,
            without=plan.without,
            owner_pid=os.getpid(),
        )
        yield cluster.kubeconfig, cluster.audit_log
    finally:
        cluster.down()


def _write_docs(result: dict[str, Any]) -> None:
    draw(result, _DOCS.with_suffix(".svg"))
    notes = _DOCS.with_suffix(".notes.md").read_text(encoding="utf-8")
    _DOCS.write_text(render(result, notes=notes), encoding="utf-8")
    readme = _README.read_text(encoding="utf-8")
    _README.write_text(replaced(readme, result), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
