"""A new cluster on disk: folders, ports, credentials, configuration; everything but processes.

The record is written last, since it says that the rest is there: an interrupted creation leaves
a folder without one, which the next replaces.
"""

import shutil

from hack.cluster import components, credentials, ports, volumes
from hack.cluster.credentials import KeyPair
from hack.cluster.layout import Layout, ports_lock
from hack.cluster.lock import exclusive
from hack.cluster.network import Network
from hack.cluster.process import Incarnation
from hack.cluster.progress import Progress
from hack.cluster.record import Record
from hack.cluster.releases import Release
from informers.clock import LoopClock

_TURN = 30.0


async def create(
    layout: Layout,
    *,
    release: Release,
    programs: dict[str, str],
    context: str,
    node: bool,
    without: tuple[str, ...],
    owner: Incarnation | None,
    progress: Progress,
) -> Record:
    """Write a new cluster; all clusters take turns, so that no two are promised the same ports."""
    async with exclusive(
        ports_lock(), holder="another new cluster", seconds=_TURN, progress=progress
    ):
        shutil.rmtree(layout.root, ignore_errors=True)
        for folder in (layout.root, layout.logs, layout.etcd_data):
            folder.mkdir(mode=0o700)
        record = Record(
            kubernetes=str(release.kubernetes),
            binaries=programs,
            without=without,
            owner=owner,
            ports=ports.choose(frozenset(ports.promised())),
            network_number=Network.choose(ports.promised_networks()).number if node else None,
        )
        _write_files(layout, record, context=context)
        record.write(layout)
    volumes.share()
    return record


def _write_files(layout: Layout, record: Record, *, context: str) -> None:
    layout.audit_policy.write_text(components.AUDIT_POLICY)
    credentials.create(layout, title=context, now=LoopClock().wall(), network=record.network)
    kubeconfigs = {"admin": layout.kubeconfig} | {
        identity: layout.identity_kubeconfig(identity)
        for identity in (components.CONTROLLER_MANAGER, components.SCHEDULER, components.KWOK)
    }
    if record.network is not None:
        clients = ("kubelet", *credentials.NODE_CLIENTS)
        kubeconfigs |= {each: layout.identity_kubeconfig(each) for each in clients}
    server = components.server_url(record)
    for identity, path in kubeconfigs.items():
        pair = KeyPair.of(layout, identity)
        credentials.write_kubeconfig(path, pair, server=server, context=context)
