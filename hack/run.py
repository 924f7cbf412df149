"""`make run`: the manager on this machine, against a cluster it may be run against.

It takes the current kubeconfig and says which context and server that is. A context is trusted if
its cluster is one of ours (hack/cluster), kind's, or on this machine; any other has to be named by
`CONTEXT=name`, so that nobody installs development CRDs into production by having the wrong context
selected. Without any kubeconfig a control plane of our own is started, with fake nodes on which
pods become Ready, and said how to remove; once more at the end, since it outlives the manager.

The manager runs beside the cluster, not in it: it reaches the API server and this machine, but no
Service by its name, and pods only if they have addresses here.

CRDs are applied by server-side apply. Webhooks stay off unless the cluster is ours, since the API
server of another could not reach this machine, and a stopped `make run` must never block anyone; on
ours they are served by a loopback URL, with configurations that go when the manager does.

Another `make run` that would be in its way is told of before anything is installed.
"""

import argparse
import asyncio
import contextlib
import functools
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from controller import config
from controller.app import wait_for_server
from controller.cmd.manager import main as run_manager
from controller.families import FAMILIES
from controller.runtime.registration import Family
from hack.cluster.cluster import DEFAULT_NAME, Cluster
from hack.cluster.errors import ClusterError
from hack.turns import check, turn
from informers.client import Client
from informers.clock import LoopClock
from informers.connection import SERVICE_ACCOUNT, Connection, connect
from informers.errors import ConfigError, Forbidden, InformersError
from informers.kubeconfig import locate
from informers.meta.builtin import CRD

ROOT: Final = Path(__file__).resolve().parent.parent
CRDS: Final = ROOT / "manifests" / "crd"
FAKE_NODES: Final = 3
DOWN: Final = ".venv/bin/python -m hack.cluster down"
MANAGER: Final = "pentad-run"
FAILED: Final = 1
WRONG: Final = 2
INTERRUPTED: Final = 130
SERVER_SECONDS: Final = 30.0
ONE_CRD: Final = "let each file of the folder hold one CustomResourceDefinition"
REMEDY: Final = "name another user's context by CONTEXT=, or let an administrator install them"
EPILOG: Final = (
    'Every other flag is the manager\'s, as in ARGS="--log-level=debug"; '
    "`.venv/bin/python -m controller manager --help` lists them."
)
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
OURS: Final = "pentad-"
KIND: Final = "kind-"


class _Metadata(msgspec.Struct):
    name: str


class _Crd(msgspec.Struct):
    """As much of a CRD as applying it takes."""

    kind: Literal["CustomResourceDefinition"]
    metadata: _Metadata


class _Terminal:
    """Tells a person what is waited for, before the manager's own log begins."""

    def warning(self, event: str, /, **fields: object) -> None:
        """Tell what will be tried again."""
        print(
            f"make run: {event.replace('_', ' ')}: {fields['error']}", file=sys.stderr, flush=True
        )

    def error(self, event: str, /, **fields: object) -> None:
        """Tell what is wrong."""
        self.warning(event, **fields)


def main(arguments: Sequence[str], *, families: Sequence[Family] = FAMILIES) -> int:
    """Find the cluster, install the CRDs, run."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__, epilog=EPILOG)
    parser.add_argument("--crds", type=Path, default=CRDS, help="folder of CRDs to install")
    options, rest = parser.parse_known_args(list(arguments))
    with contextlib.ExitStack() as held:
        begin = functools.partial(
            _begin, arguments=arguments, rest=rest, families=families, held=held
        )
        try:
            bodies = _bodies(options.crds)
            kubeconfig = _kubeconfig()
            flags = asyncio.run(_prepare(kubeconfig, bodies, begin))
        except (ConfigError, ClusterError) as error:
            print(f"make run: {error}", file=sys.stderr)
            return WRONG
        except InformersError as error:
            print(f"make run: {type(error).__name__}: {error}", file=sys.stderr)
            return FAILED
        except KeyboardInterrupt:
            print("make run: interrupted before the manager was started", file=sys.stderr)
            _tell_what_stays()
            return INTERRUPTED
        print("make run: starting the manager; Ctrl-C ends it", flush=True)
        code = run_manager([f"--kubeconfig={kubeconfig}", *flags], families=families)
    _tell_what_stays()
    return code


def _begin(
    connection: Connection,
    *,
    arguments: Sequence[str],
    rest: Sequence[str],
    families: Sequence[Family],
    held: contextlib.ExitStack,
) -> list[str]:
    """Be the `make run` of this cluster, unless one is in the way; return the manager's flags."""
    flags = [*manager_flags(connection, families=families), *rest]
    settings = config.load(flags, os.environ, families=families)
    other = held.enter_context(turn(connection.server))
    check(settings, arguments, families=families, other=other)
    if other:
        print(f"make run: one runs on this cluster already ({other})", flush=True)
    return flags


def manager_flags(connection: Connection, *, families: Sequence[Family]) -> list[str]:
    """What the manager is told, besides what the user says after it."""
    has_webhooks = any(family.webhooks for family in families)
    webhooks = "url" if has_webhooks and _is_ours(connection) else "off"
    return [
        f"--context={connection.context}",
        f"--webhooks={webhooks}",
        "--log-format=console",
        "--probe-address=127.0.0.1:8081",
        "--metrics-address=127.0.0.1:8080",
    ]


def _kubeconfig() -> str:
    """The user's kubeconfig, or that of a control plane that is ours, started if need be."""
    files = _located()
    if files:
        return os.pathsep.join(str(path) for path in files)
    cluster = Cluster.named()
    is_there = cluster.life.layout.record.exists()
    what = (
        "uses the control plane that is there" if is_there else "takes a control plane of its own"
    )
    print(f"make run: there is no kubeconfig, so this {what}", flush=True)
    Cluster.up(DEFAULT_NAME, fake_nodes=FAKE_NODES)
    print(f"make run: to look inside: export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    print(f"make run: to remove it: {DOWN}", flush=True)
    return str(cluster.kubeconfig)


def _located() -> tuple[Path, ...]:
    """The files of the user's kubeconfig, if there are any."""
    found = locate(
        kubeconfig=None,
        context=None,
        in_cluster=False,
        environ=os.environ,
        service_account=SERVICE_ACCOUNT,
    )
    return () if found is None else tuple(found.files)


def _tell_what_stays() -> None:
    """Say that our control plane outlives the manager: it looks as if Ctrl-C had ended both."""
    own, files = Cluster.named(), _located()
    if own.life.layout.root.exists() and (not files or own.kubeconfig in files):
        with contextlib.suppress(OSError):  # the terminal may be what has ended
            print(f"make run: the control plane still runs; to remove it: {DOWN}", flush=True)


async def _prepare(
    kubeconfig: str,
    bodies: Sequence[dict[str, Any]],
    begin: Callable[[Connection], list[str]],
) -> list[str]:
    """Check whose cluster it is, begin and install the CRDs; returns what `begin` did."""
    named = os.environ.get("CONTEXT", "")
    connection = await connect(kubeconfig=kubeconfig, context=named or None)
    print(f"make run: context {connection.context}, server {connection.server}", flush=True)
    if not named and not _is_trusted(connection):
        raise ConfigError(
            f"{connection.context} is neither ours, nor kind's, nor on this machine",
            remedy=f"if you mean it, say so: make run CONTEXT={connection.context}",
        )
    flags = begin(connection)
    clock = LoopClock()
    client = Client(connection, clock=clock)
    try:
        await wait_for_server(client, connection, _Terminal(), clock, seconds=SERVER_SECONDS)
        await _install(client, bodies)
    finally:
        await client.close()
    return flags


def _is_trusted(connection: Connection) -> bool:
    return _is_local(connection) or connection.context.startswith(KIND)


def _is_ours(connection: Connection) -> bool:
    """Whether its API server runs beside us; kind's is in a container and cannot reach us."""
    return _is_local(connection) and connection.context.startswith(OURS)


def _is_local(connection: Connection) -> bool:
    return urlsplit(connection.server).hostname in LOOPBACK


def _bodies(folder: Path) -> list[dict[str, Any]]:
    """The CRDs of a folder; ours is not there before the first family."""
    import yaml  # noqa: PLC0415 - only this reads YAML

    if folder != CRDS and not folder.is_dir():
        raise ConfigError(f"--crds={folder}: there is no such folder", remedy="name one of CRDs")
    paths = [path for path in sorted(folder.glob("*.yaml")) if path.name != "kustomization.yaml"]
    bodies: list[dict[str, Any]] = []
    for path in paths:
        try:
            body = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: {' '.join(str(error).split())}", remedy=ONE_CRD) from error
        try:
            msgspec.convert(body, _Crd)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{path} is no CustomResourceDefinition", remedy=ONE_CRD) from error
        bodies.append(body)
    return bodies


async def _install(client: Client, bodies: Sequence[dict[str, Any]]) -> None:
    """Apply CRDs, ours or not ours before."""
    for body in bodies:
        try:
            await client.apply(CRD, body["metadata"]["name"], body, manager=MANAGER)
        except Forbidden as error:
            raise ConfigError(
                f"the CRDs cannot be installed: {error.message}", remedy=REMEDY
            ) from error
    print(f"make run: {len(bodies)} CRDs are installed", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
