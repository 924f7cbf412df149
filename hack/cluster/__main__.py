"""`python -m hack.cluster`: a real control plane on this machine."""

import argparse
import sys
from collections.abc import Sequence

from hack.cluster import releases
from hack.cluster.cluster import DEFAULT_NAME, Cluster
from hack.cluster.errors import ClusterError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hack.cluster", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status", "kubeconfig", "logs", "build"))
    parser.add_argument("--name", default=DEFAULT_NAME)
    parser.add_argument("--fake-nodes", type=int, default=0)
    parser.add_argument("--kubernetes", default=releases.DEFAULT)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    cluster = Cluster.named(options.name)
    try:
        if options.command == "up":
            Cluster.up(options.name, fake_nodes=options.fake_nodes, kubernetes=options.kubernetes)
            print(f"export KUBECONFIG={cluster.kubeconfig}")
        elif options.command == "down":
            cluster.down()
        elif options.command == "kubeconfig":
            print(cluster.kubeconfig)
        elif options.command == "status":
            found = cluster.status()
            for status in found:
                print(f"{status.name:24} {status.state:10} pid {status.pid}")
            return 0 if all(status.is_healthy for status in found) else 1
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.detail:
            print(error.detail, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
