"""T14: packets vanish without a word, as behind a firewall that forgot a connection.

The watcher runs in a network namespace of its own and reaches the API server through a pair of
virtual interfaces. A blackhole route swallows what goes back to it: no FIN, no RST, no ICMP. The
timeouts are the shipped ones, so a case takes about a minute. Needs root.

Once packets flow again, TCP itself repeats what was lost, on the connection of before. So each test
asks for a failure that the watcher noted while it was still cut off: it gave that connection up.
"""

import asyncio
import os
import secrets
import subprocess
import sys

import msgspec
import pytest
import yaml

from hack.gen.__main__ import ROOT
from tests.kit.eventually import eventually
from tests.kit.faults import Match, Stall
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

BLOCKED_SECONDS = 40
"""By then a dead connection is found out, by TCP after 30 s; silence alone is borne for longer."""
RESUME_SECONDS = 90
LISTS = Match(method="GET", watch=False, path="/configmaps$")
BLOB = "x" * 100_000
NOTHING = {"synced": False, "names": [], "staleness": 0.0, "failures": 0, "watches": 0}


def ip(*arguments):
    """Run the program that configures links, addresses and routes."""
    subprocess.run(["ip", *arguments], check=True, timeout=10)


@pytest.fixture
def link():
    """Return a namespace and the two addresses of the link into it; gone with the test."""
    assert os.geteuid() == 0, "this test makes a network namespace: run `make e2e` as root"
    number = secrets.randbelow(60_000)
    name, outer = f"pentad-{number}", f"pt{number}"
    base = f"198.18.{number // 64 % 128}.{number % 64 * 4}".rsplit(".", 1)
    here, there = (f"{base[0]}.{int(base[1]) + offset}" for offset in (1, 2))
    ip("netns", "add", name)
    try:
        ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"{here}/30", "dev", outer)
        ip("link", "set", outer, "up")
        ip("-n", name, "addr", "add", f"{there}/30", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        yield name, here, there
    finally:
        subprocess.run(["ip", "route", "del", "blackhole", f"{there}/32"], check=False, timeout=10)
        ip("netns", "del", name)


@pytest.fixture
def proxy(cluster):
    """Return what can hold an answer back at a point of it."""
    with FaultProxy(Upstream.from_kubeconfig(cluster.kubeconfig)) as proxy:
        yield proxy


@pytest.fixture
async def forwarder(proxy, link):
    """Return the port on the link's near end that leads to the API server."""

    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # either side may vanish; that is what is tested
        finally:
            writer.close()

    async def serve(reader, writer):
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(copy(reader, far_writer))
            group.create_task(copy(far_reader, writer))

    server = await asyncio.start_server(serve, link[1], 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.fixture
async def watcher(proxy, link, forwarder, namespace, tmp_path):
    """Return a function that starts the watcher; it returns how to ask what it knows last."""
    config = yaml.safe_load(proxy.kubeconfig(tmp_path / "proxied.kubeconfig").read_text())
    for entry in config["clusters"]:
        entry["cluster"]["server"] = f"https://{link[1]}:{forwarder}"
        entry["cluster"]["tls-server-name"] = "127.0.0.1"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    processes = []

    async def start(*more):
        out = (tmp_path / "watcher.txt").open("wb")
        command = ["ip", "netns", "exec", link[0], sys.executable, "-m", "tests.e2e.watcher"]
        process = await asyncio.create_subprocess_exec(
            *command, str(kubeconfig), namespace, *more, stdout=out, cwd=ROOT
        )
        out.close()
        processes.append(process)
        path = tmp_path / "watcher.txt"

        def last():
            lines = path.read_bytes().splitlines()
            return msgspec.json.decode(lines[-1]) if lines else NOTHING

        return last

    yield start
    for process in processes:
        process.kill()
        await process.wait()


def create(rest, namespace, name, **data):
    """Create a ConfigMap."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    rest.create(f"/api/v1/namespaces/{namespace}/configmaps", body)


def block(link):
    """Swallow everything that goes back into the namespace."""
    ip("route", "add", "blackhole", f"{link[2]}/32")


def unblock(link):
    """Let packets through again."""
    ip("route", "del", "blackhole", f"{link[2]}/32")


@pytest.mark.timeout(240)
async def test_t14_a_watch_into_the_void_is_replaced(link, watcher, rest, namespace):
    """The cache tells its age while packets vanish, and is right soon after they flow again."""
    create(rest, namespace, "before")
    last = await watcher()
    await eventually(lambda: "before" in last()["names"], within=30)
    before = last()

    block(link)
    create(rest, namespace, "meanwhile")
    await eventually(lambda: last()["staleness"] > BLOCKED_SECONDS, within=BLOCKED_SECONDS + 20)
    assert "meanwhile" not in last()["names"]
    assert last()["failures"] > before["failures"]
    unblock(link)

    await eventually(lambda: "meanwhile" in last()["names"], within=RESUME_SECONDS)
    assert last()["watches"] > before["watches"]
    create(rest, namespace, "after")
    await eventually(lambda: "after" in last()["names"], within=30)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "point",
    [Stall(at="reply"), Stall(after_bytes=3 * len(BLOB))],
    ids=["before headers", "within the body"],
)
async def test_t14_a_list_from_the_void_is_asked_for_again(
    link, proxy, watcher, rest, namespace, point
):
    """Its answer, or the rest of it, vanishes: the list is given up, and the next one is taken."""
    names = [f"o{number}" for number in range(8)]
    for name in names:
        create(rest, namespace, name, blob=BLOB)
    with proxy.add(point, LISTS, times=1) as rule:
        last = await watcher("lists")
        await eventually(lambda: rule.fired, equals=1, within=30)
        block(link)
    before = last()
    await eventually(lambda: last()["failures"] > before["failures"], within=BLOCKED_SECONDS)
    assert not last()["synced"]
    unblock(link)

    await eventually(lambda: last()["synced"], within=RESUME_SECONDS)
    assert set(names) <= set(last()["names"])


@pytest.mark.timeout(240)
async def test_t14_a_start_into_the_void_succeeds_later(link, watcher, rest, namespace):
    """No answer to the first packet: it is tried again until there is one."""
    create(rest, namespace, "before")
    block(link)
    last = await watcher()
    await eventually(lambda: last()["failures"] > 0, within=BLOCKED_SECONDS)
    assert last()["staleness"] > 0
    assert not last()["synced"]
    unblock(link)

    await eventually(lambda: last()["synced"], within=RESUME_SECONDS)
    assert "before" in last()["names"]
