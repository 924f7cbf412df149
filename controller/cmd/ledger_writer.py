"""`python -m controller ledger-writer`: brings a cluster's ledger onto its volume."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from controller.runtime.obs.listener import Listener
from controller.runtime.obs.log import LEVELS, configure
from informers.client import Client
from informers.clock import LoopClock
from informers.connection import connect
from informers.errors import InformersError
from reconcilers.penin.ledger.entries import Place
from reconcilers.penin.ledger.pages import Pages
from reconcilers.penin.ledger.volume import Occupied, Volume
from reconcilers.penin.ledger.writer import Log, Writer

FAILED = 1
UNWRITABLE = "its volume does not heed the pod's fsGroup, as hostPath does not: use another class"


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop; returns the exit code."""
    settings = _parser().parse_args(arguments)
    log = configure(settings.log_format, settings.log_level)
    code = 0
    try:
        asyncio.run(_run(settings, log))
    except* (InformersError, OSError, Occupied) as errors:
        for error in errors.exceptions:
            remedy = f": {UNWRITABLE}" if isinstance(error, PermissionError) else ""
            print(f"{error}{remedy}", file=sys.stderr)  # noqa: T201 - where a person looks first
        code = FAILED
    return code


async def _run(settings: argparse.Namespace, log: Log) -> None:
    """Connect, serve and write."""
    clock = LoopClock()
    connection = await connect(kubeconfig=settings.kubeconfig or None, clock=clock)
    client = Client(connection, clock=clock, user_agent="pentad-ledger-writer")
    place = Place(namespace=settings.namespace or connection.namespace, cluster=settings.cluster)
    volume = Volume(Path(settings.path))
    writer = Writer(client, volume, place, clock=clock, log=log)
    listener = Listener("ledger", settings.address, Pages(writer).answer)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, writer.stop)
    try:
        await listener.start()
        await writer.run()
    finally:
        await listener.stop()
        volume.close()
        await client.close()


def _parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m controller ledger-writer",
        allow_abbrev=False,
        description="Bring the entries of a cluster's ledger onto its volume, in order, once.",
    )
    add = found.add_argument
    add("--cluster", required=True, metavar="NAME", help="the PeninOmegaCluster")
    add("--namespace", default="", metavar="NAME", help="its namespace; default: that of the pod")
    add("--path", default="/ledger/ledger.jsonl", metavar="FILE", help="the file on the volume")
    add("--address", default=":8014", metavar="HOST:PORT", help="where /ledger answers")
    kubeconfig = os.environ.get("PENTAD_KUBECONFIG", "")
    add("--kubeconfig", default=kubeconfig, metavar="FILE", help="default: the pod's own way")
    add("--log-format", default="json", choices=("json", "console"))
    add("--log-level", default="info", choices=tuple(LEVELS))
    return found
