"""`python -m hack.cluster`: a real Kubernetes control plane on this machine.

What a command finds out goes to stdout, so that it can be used by a shell; what it tells of its
work goes to stderr. Exit codes: 0 done; 1 it failed, or (status) something is not healthy; 2 it
was asked for something that cannot be; 130 interrupted.
"""

import argparse
import pathlib
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Final

from hack.cluster import releases
from hack.cluster.bundles import tools
from hack.cluster.cluster import DEFAULT_NAME, Cluster
from hack.cluster.errors import ClusterError, UsageError
from hack.cluster.logs import tail

_Command = Callable[[argparse.Namespace], int]
_FAILED: Final = 1
_WRONG: Final = 2
_INTERRUPTED: Final = 130


def _up(options: argparse.Namespace) -> int:
    cluster = Cluster.up(
        options.name,
        fake_nodes=options.fake_nodes,
        kubernetes=options.kubernetes,
        node=options.node,
    )
    then = "; to use it:" if sys.stdout.isatty() else ""  # otherwise a shell takes the next line
    print(f"{cluster.context} is up at {cluster.server}{then}", file=sys.stderr)
    print(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    return 0


def _down(options: argparse.Namespace) -> int:
    """End it; that there is none is fine, and told, since the name may be a typing error."""
    cluster = Cluster.named(options.name)
    if not cluster.life.layout.root.exists():
        print(f"there is no cluster {options.name!r}: nothing to remove", file=sys.stderr)
    cluster.down()
    return 0


def _status(options: argparse.Namespace) -> int:
    """Print a line for each component; unhealthy ones are named again at the end."""
    found = Cluster.named(options.name).status()
    for each in found:
        print(f"{each.name:24} {each.state:10} {f'pid {each.process.pid}' if each.process else ''}")
    failing = [f"{each.name} is {each.state}" for each in found if not each.is_healthy]
    if failing:
        raise ClusterError(
            f"{', '.join(failing)}; "
            f"`python -m hack.cluster up --name {options.name}` starts what does not run, "
            f"`python -m hack.cluster logs --name {options.name}` tells more"
        )
    return 0


def _kubeconfig(options: argparse.Namespace) -> int:
    cluster = Cluster.named(options.name)
    cluster.life.record()  # a path to nothing would mislead
    print(cluster.kubeconfig)
    return 0


def _logs(options: argparse.Namespace) -> int:
    cluster = Cluster.named(options.name)
    names = [options.component] if options.component else [each.name for each in cluster.status()]
    for name in names:
        path = cluster.log(name)
        if len(names) > 1:
            print(f"==> {path} <==")
        print(tail(path, lines=options.lines))
    return 0


def _load(options: argparse.Namespace) -> int:
    Cluster.named(options.name).load(options.archive, name=options.image)
    return 0


def _build(options: argparse.Namespace) -> int:
    found = Cluster.provide_programs(options.kubernetes, node=options.node)
    if options.tools:
        found |= Cluster.provide_tools()
    found |= {name: Cluster.provide_tool(name) for name in options.tool or ()}
    for name, path in found.items():
        print(f"{name:24} {path}")
    return 0


def _natural(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r}: say a whole number, such as 3")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hack.cluster",
        description="A real Kubernetes control plane on this machine, without root or Docker; "
        "as root with a real node.",
        epilog="Several clusters run side by side under different names.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, run: _Command, *, help_: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help_, description=help_)
        sub.set_defaults(run=run)
        if run is not _build:
            sub.add_argument(
                "--name", default=DEFAULT_NAME, help="which cluster (default: %(default)s)"
            )
        return sub

    _fit_up(command("up", _up, help_="start a cluster, or whatever of it does not run"))
    command("down", _down, help_="end a cluster and remove all it left on this machine")
    command("status", _status, help_="tell how each component is; fails if one is unwell")
    command("kubeconfig", _kubeconfig, help_="print the path of its kubeconfig")
    _fit_logs(command("logs", _logs, help_="print the end of the components' logs"))
    _fit_load(command("load", _load, help_="give the real node an image, from an OCI archive"))
    _fit_build(command("build", _build, help_="find or build all programs, start nothing"))
    return parser


def _fit_up(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--fake-nodes",
        type=_natural,
        default=0,
        metavar="N",
        help="have at least N nodes that are objects only, on which pods become Ready, complete "
        "and fail as their annotations say (default: as many as it has)",
    )
    up.add_argument(
        "--node",
        action="store_true",
        help="have a real node, on which pods are run (root; a cluster is made with it or without)",
    )
    up.add_argument(
        "--kubernetes",
        metavar="VERSION",
        help=f"a minor or an exact version (default: what it has, or {releases.DEFAULT})",
    )


def _fit_logs(logs: argparse.ArgumentParser) -> None:
    logs.add_argument("component", nargs="?", help="only this one, such as kube-apiserver")
    logs.add_argument(
        "--lines", type=_natural, default=20, metavar="N", help="how many (default: %(default)s)"
    )


def _fit_load(load: argparse.ArgumentParser) -> None:
    load.add_argument("archive", type=pathlib.Path, help="a tar, as buildah and docker write it")
    load.add_argument(
        "--image", metavar="NAME", help="its name, such as docker.io/local/web:1 (default: its own)"
    )


def _fit_build(build: argparse.ArgumentParser) -> None:
    build.add_argument("--node", action="store_true", help="those of a real node too")
    build.add_argument("--tools", action="store_true", help="all that tests use on clusters too")
    build.add_argument(
        "--tool",
        action="append",
        choices=tuple(tools()),
        help="this one too, which is no part of a cluster; may be said several times",
    )
    build.add_argument(
        "--kubernetes",
        default=releases.DEFAULT,
        metavar="VERSION",
        help="a minor or an exact version (default: %(default)s)",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    run: _Command = options.run
    try:
        return run(options)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.detail:
            print(error.detail, file=sys.stderr)
        return _WRONG if isinstance(error, UsageError) else _FAILED
    except OSError as error:  # a full disk, a file that somebody removed
        print(f"error: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        then = "`up` goes on where it was, `down` removes it"
        if run is _build:
            then = "the next build goes on with what is compiled"
        print(f"interrupted; {then}", file=sys.stderr)
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
