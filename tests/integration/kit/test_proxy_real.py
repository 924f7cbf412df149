"""The proxy before the real API server: what passes is what the server said."""

import asyncio
import json
import ssl

import aiohttp
import pytest

from tests.kit import answers
from tests.kit.eventually import eventually
from tests.kit.faults import READS, WATCHES, WRITES, Cut, HalfOpen, Match
from tests.kit.leaks import no_leaks
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

# The cluster puts a ConfigMap of its own into each namespace, whenever it comes to it.
ONE = "fieldSelector=metadata.name%3Done"


@pytest.fixture
async def session(proxy):
    """A session through the proxy, without credentials of its own."""
    trust = ssl.create_default_context(cadata=proxy.authority.pem)
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(proxy.url, connector=connector) as session:
        yield session


@pytest.fixture
def maps(namespace):
    """The collection of ConfigMaps that a test works on."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


def config_map(name, **data):
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def lines(response, count):
    """The next so many events of a watch."""
    return [json.loads(await response.content.readline()) for _ in range(count)]


async def version(session, maps):
    """The resource version of the collection now."""
    async with session.get(maps) as response:
        return (await response.json())["metadata"]["resourceVersion"]


async def test_list_watch_and_writes_pass(proxy, session, rest, maps):
    """Objects written through the proxy are on the server, and their events come back."""
    since = await version(session, maps)
    async with session.get(f"{maps}?{ONE}&watch=1&resourceVersion={since}") as watch:
        async with session.post(maps, json=config_map("one", k="v")) as created:
            assert 201 == created.status
        patch = {"data": {"k": "w"}}
        header = {"Content-Type": "application/merge-patch+json"}
        async with session.patch(f"{maps}/one", json=patch, headers=header) as patched:
            assert 200 == patched.status
        async with session.delete(f"{maps}/one") as deleted:
            assert 200 == deleted.status
        events = await lines(watch, 3)
    assert ["ADDED", "MODIFIED", "DELETED"] == [event["type"] for event in events]
    assert "w" == events[1]["object"]["data"]["k"]
    assert ["POST", "PATCH", "DELETE"] == [seen.method for seen in proxy.seen(WRITES)]
    assert [] == [m for m in rest.get(maps)["items"] if m["metadata"]["name"] == "one"]


async def test_a_large_list_is_the_servers(session, rest, maps):
    """Megabytes through the proxy are what a direct client reads, compressed or not."""
    for n in range(8):
        big = config_map(f"big-{n}", k="x" * 700_000)
        big["metadata"]["labels"] = {"size": "big"}
        rest.create(maps, big)
    mine = f"{maps}?labelSelector=size%3Dbig"
    expected = rest.get(mine)["items"]
    assert 8 == len(expected)
    for encoding in ("identity", "gzip"):
        async with session.get(mine, headers={"Accept-Encoding": encoding}) as response:
            assert expected == (await response.json())["items"]


async def test_a_watch_list_streams_and_can_lose_its_end(
    proxy, session, rest, maps, streams_content
):
    """The server's own streamed list, or refusal, comes through; the edits find its bookmark."""
    rest.create(maps, config_map("one"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    target = f"{maps}?{ONE}&{query}&allowWatchBookmarks=true&resourceVersion="
    if not streams_content:
        async with session.get(target) as refused:
            assert "sendInitialEvents" in (await refused.json())["message"]
        return

    async def until_bookmark():
        async with session.get(target) as watch:
            while (event := (await lines(watch, 1))[0])["type"] != "BOOKMARK":
                pass
            return event["object"]["metadata"].get("annotations")

    assert {answers.INITIAL_EVENTS_END: "true"} == await until_bookmark()
    with proxy.add(answers.strip_initial_events_end(), WATCHES) as rule:
        assert not await until_bookmark()
        assert 1 == rule.fired
    with proxy.add(answers.drop_params("sendInitialEvents", "resourceVersionMatch"), WATCHES):
        async with session.get(target) as watch:
            assert "ADDED" == (await lines(watch, 1))[0]["type"]


async def test_a_lost_reply_leaves_the_write_applied(proxy, session, rest, maps):
    """T36e's fault on the real server: the client sees a reset, the object is there."""
    with proxy.add(Cut(at="reply"), WRITES), pytest.raises(aiohttp.ClientConnectionError):
        await session.post(maps, json=config_map("one"))
    assert "one" == rest.get(f"{maps}/one")["metadata"]["name"]


async def test_a_held_watch_is_overtaken_by_writes(proxy, session, maps):
    """The write's reply comes first, the event when the watch is let go."""
    since = await version(session, maps)
    async with session.get(f"{maps}?{ONE}&watch=1&resourceVersion={since}") as watch:
        with proxy.hold(WATCHES):
            async with session.post(maps, json=config_map("one")) as created:
                assert 201 == created.status
            assert 0 == proxy.seen(WATCHES)[0].events
        assert ["ADDED"] == [event["type"] for event in await lines(watch, 1)]


async def test_a_cut_watch_and_a_refused_list(proxy, session, maps):
    """Streams break and lists are refused as the rules say, and then all is well again."""
    async with session.get(f"{maps}?watch=1") as watch:
        assert 1 == proxy.cut(WATCHES)
        with pytest.raises(aiohttp.ClientError):
            await watch.content.read()
    with proxy.add(answers.gone(), READS):
        async with session.get(maps) as response:
            assert 410 == response.status
    assert await version(session, maps)


async def test_a_half_open_watch_says_nothing_of_what_happens(proxy, session, rest, maps):
    """The server goes on, the client hears nothing and sees no end."""
    since = await version(session, maps)
    async with session.get(f"{maps}?{ONE}&watch=1&resourceVersion={since}") as watch:
        rule = proxy.add(HalfOpen(), WATCHES, live=True)
        await eventually(lambda: rule.fired, equals=1)
        rest.create(maps, config_map("one"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await watch.content.readline()


async def test_a_token_is_passed_on_instead_of_our_identity(session, namespace, rest, maps):
    """Who brings a token is that one upstream, with that one's rights only."""
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    await eventually(lambda: rest.request("GET", account).status, equals=200)
    token = rest.token(namespace, "default")
    async with session.get(maps) as ours:
        assert 200 == ours.status
    async with session.get(maps, headers={"Authorization": f"Bearer {token}"}) as theirs:
        said = await theirs.json()
    assert (403, "Forbidden") == (theirs.status, said["reason"])
    assert f"system:serviceaccount:{namespace}:default" in said["message"]


def test_kubectl_works_through_the_written_kubeconfig(proxy, kubectl, maps, tmp_path):
    """The kubeconfig for the proxy serves kubectl; the record has its requests."""
    front = proxy.kubeconfig(tmp_path / "front")
    namespace = maps.split("/")[4]
    arguments = (f"--kubeconfig={front}", "-n", namespace, "create", "configmap", "one")
    assert "configmap/one created" in kubectl(*arguments)
    assert "POST" == proxy.seen(Match(method="POST", path=f"{maps}$"))[0].method


async def test_a_proxy_leaves_nothing(cluster, maps):
    """After a session with open watches no task, socket or thread is left."""
    async with no_leaks():
        with FaultProxy(Upstream.from_kubeconfig(cluster.kubeconfig)) as proxy:
            trust = ssl.create_default_context(cadata=proxy.authority.pem)
            connector = aiohttp.TCPConnector(ssl=trust)
            async with (
                aiohttp.ClientSession(proxy.url, connector=connector) as session,
                session.get(f"{maps}?watch=1") as watch,
            ):
                assert 200 == watch.status
