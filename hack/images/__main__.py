"""`python -m hack.images`: builds images without a Docker engine, and loads them into a node.

What was built goes to stdout, a line for each; what is going on, to stderr. Exit codes: 0 done,
1 it failed, 2 it was asked for something that cannot be, 130 interrupted.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Final

from hack.cluster.cluster import Cluster
from hack.cluster.errors import ClusterError, UsageError
from hack.cluster.progress import Progress
from hack.images import recipes
from hack.images.loading import load
from hack.images.store import Built, provide

_FAILED: Final = 1
_WRONG: Final = 2
_INTERRUPTED: Final = 130
_MEGA: Final = 1_000_000
_ROW: Final = "{:14} {:>10} {:>10} {:>8} {:>8}  {}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what is named; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.detail:
            print(error.detail, file=sys.stderr)
        return _WRONG if isinstance(error, UsageError) else _FAILED
    except OSError as error:  # a full disk, a file that somebody removed
        print(f"error: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print("interrupted; what is built is kept", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _run(options: argparse.Namespace) -> None:
    wanted = [recipes.find(name) for name in options.names or recipes.RECIPES]
    if options.name and not options.load:
        raise UsageError("--as names an image in a node: say which with --load CLUSTER")
    if options.name and len(wanted) != 1:
        raise UsageError("--as names one image: say which one to build")
    found = asyncio.run(provide(wanted, fresh=options.fresh, progress=Progress()))
    print(_ROW.format("image", "packed", "unpacked", "packages", "built in", "archive"))
    for built in found:
        print(_line(built))
    if options.load:
        for built in found:
            load(Cluster.named(options.load), built, options.name)


def _line(built: Built) -> str:
    facts = built.facts
    sizes = (f"{size / _MEGA:.1f} MB" for size in (facts.packed, facts.unpacked))
    return _ROW.format(facts.name, *sizes, facts.packages, f"{facts.seconds:.1f} s", built.path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hack.images",
        description="Build images from Debian's packages and Dockerfiles, without Docker and "
        "without a registry. The list of what is in an image (CycloneDX) is written beside it.",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"which (default: all): {', '.join(recipes.RECIPES)}",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="build again what is there, with what Debian has mended since",
    )
    parser.add_argument("--load", metavar="CLUSTER", help="give them to the node of this cluster")
    parser.add_argument(
        "--as",
        dest="name",
        action="append",
        default=[],
        metavar="IMAGE",
        help="under this full name, such as registry.test/web:1; may be said several times",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
