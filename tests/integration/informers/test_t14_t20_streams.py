"""Streams as the network delivers them, watches that live, informers that end."""

import asyncio
import random

import attrs
import pytest

from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP, SECRET
from informers.meta.kinds import Kind
from informers.reflector import Source
from tests.integration.informers.objects import LIST, WATCH, change, create, delete, establish
from tests.kit.answers import crlf
from tests.kit.eventually import eventually
from tests.kit.faults import EditEvents, End, HalfOpen, Rechunk, Stall
from tests.kit.leaks import no_leaks
from tests.kit.mirror import FAST, mirrored

LARGE = 900_000
MANY = 20
FIVE_MINUTES = 300
ROUNDS = 3
GADGETS = Kind("test.pentad.dev", "v1alpha1", "Thing", "things")


@pytest.mark.parametrize("fault", [Stall(after_events=4), HalfOpen(after_events=4)], ids=repr)
async def test_t14_a_silent_watch_is_replaced_and_told_as_stale(
    proxy, proxied, namespace, rest, fault
):
    """A connection that is open and says nothing is given up after its limit; age is told."""
    create(rest, namespace, "a", "b")
    with proxy.add(fault, WATCH, times=1) as rule:
        async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
            await mirror.wait_synced()
            for n in range(6):
                create(rest, namespace, f"late{n}")
            await eventually(lambda: rule.fired, equals=1, within=30)
            await eventually(lambda: mirror.informer.staleness() > 1, within=30)
            await mirror.wait_agrees(rest, within=30)

            assert mirror.informer.reflectors[0].statistics.silent_watches >= 1


@pytest.mark.parametrize("where", [LIST, WATCH], ids=["list", "watch"])
@pytest.mark.parametrize(
    "fault",
    [HalfOpen(at="request"), HalfOpen(at="reply"), HalfOpen(after_bytes=5_000)],
    ids=["never received", "before headers", "within the body"],
)
async def test_t14_an_answer_that_never_comes_is_given_up(
    proxy, proxied, namespace, rest, fault, where
):
    """A connection may die at any point of a list or a watch: it is asked again in time."""
    create(rest, namespace, *[f"o{n}" for n in range(6)], blob="x" * 10_000)
    with proxy.add(fault, where, times=1) as rule:
        async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
            await mirror.wait_synced(within=30)
            create(rest, namespace, *[f"late{n}" for n in range(6)], blob="x" * 10_000)
            await eventually(lambda: rule.fired, equals=1, within=30)
            await mirror.wait_agrees(rest, within=30)


async def test_t15_a_request_timeout_does_not_cut_watches(cluster, namespace, rest):
    """A client whose requests have a second to live keeps its watch open for longer."""
    client = Client(await connect(kubeconfig=cluster.kubeconfig), timeout=1.0)
    async with Informers(client, namespaces=[namespace]) as informers:
        informer = informers.acquire(Source(kind=CONFIG_MAP))
        async with asyncio.timeout(20):
            await informer.wait_synced()
        [reflector] = informer.reflectors
        await eventually(lambda: reflector.statistics.watches, equals=1)
        before = reflector.statistics.failures  # 1 where content is not streamed and was asked for
        await client.clock.sleep(2.5)
        create(rest, namespace, "later")
        await eventually(lambda: informer.store.get(f"{namespace}/later") is not None)

        assert (1, before) == (reflector.statistics.watches, reflector.statistics.failures)
    await client.close()


async def test_watches_ask_to_end_at_times_of_their_own(proxy, proxied, namespace):
    """Each after five to ten minutes, so that those which began together do not return together."""
    client = Client(await connect(kubeconfig=proxied.kubeconfig))
    async with Informers(client, namespaces=[namespace], rng=random.Random(0)) as informers:
        for n in range(MANY):
            informers.acquire(Source(kind=CONFIG_MAP, label_selector=f"nobody!={n}"))
        await eventually(lambda: len(proxy.seen(WATCH)) >= MANY)
    await client.close()

    asked = sorted(int(seen.params["timeoutSeconds"]) for seen in proxy.seen(WATCH))
    assert asked[0] >= FIVE_MINUTES
    assert asked[-1] < 2 * FIVE_MINUTES
    assert asked[-1] - asked[0] > FIVE_MINUTES / 2
    assert len(set(asked)) > MANY / 2


async def test_a_watch_that_ends_when_it_asked_to_is_followed_by_the_next(
    proxy, proxied, namespace, rest
):
    """The server ends it, nothing has failed, and it goes on where it was."""
    pace = attrs.evolve(FAST, watch_least=2, watch_most=3)
    async with mirrored(proxied, CONFIG_MAP, namespace, pace=pace, streams=False) as mirror:
        await mirror.wait_synced()
        await eventually(lambda: len(proxy.seen(WATCH)) >= ROUNDS)
        create(rest, namespace, "later")
        await mirror.wait_agrees(rest)
        statistics = mirror.informer.reflectors[0].statistics

        assert (1, 0) == (statistics.lists, statistics.failures)
    assert ["2"] * ROUNDS == [s.params["timeoutSeconds"] for s in proxy.seen(WATCH)][:ROUNDS]


@pytest.mark.parametrize("fault", [Rechunk(size=7), crlf()], ids=["seven bytes a chunk", "CR LF"])
async def test_t16_lines_are_read_however_they_are_cut(proxy, proxied, namespace, rest, fault):
    """Chunk borders inside lines and characters, and other line ends, change nothing."""
    create(rest, namespace, "a", colour="größer als grün ✓")
    with proxy.add(fault, WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
            await mirror.wait_synced()
            change(rest, namespace, "a", colour="blau ✓✓")
            await mirror.wait_agrees(rest)
            held = mirror.informer.store.get(f"{namespace}/a")

            assert "blau ✓✓".encode() in held.raw


async def test_t16_an_event_of_two_megabytes_arrives_whole(proxy, proxied, namespace, rest):
    """A line longer than any buffer between, in chunks of an odd size, is one event."""
    large = b'"blob":"' + b"x" * (2 << 20) + b'","'

    def grow(line):
        return (line.replace(b'"colour":"red","', b'"colour":"red",' + large),)

    proxy.add(EditEvents(edit=grow), WATCH)
    proxy.add(Rechunk(size=65_521), WATCH)
    async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
        await mirror.wait_synced()
        create(rest, namespace, "large", colour="red", then="more")
        await mirror.wait_agrees(rest)

        assert large in mirror.informer.store.get(f"{namespace}/large").raw


async def test_t16_a_line_of_a_megabyte_is_one_event(proxied, namespace, rest):
    """An object as large as etcd takes arrives whole."""
    async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
        await mirror.wait_synced()
        create(rest, namespace, "large", blob="x" * LARGE)
        await mirror.wait_agrees(rest)

        assert len(mirror.informer.store.get(f"{namespace}/large").raw) > LARGE


async def test_t16_a_last_line_that_was_cut_is_not_taken(proxy, proxied, namespace, rest):
    """The stream ends in the middle of a line: the object comes with the next watch."""
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
        await mirror.wait_synced()
        await mirror.wait_watching()
        with proxy.add(End(after_events=1, after_bytes=40), WATCH, times=1) as rule:
            proxy.cut(WATCH)
            create(rest, namespace, "a")
            create(rest, namespace, "b")
            await eventually(lambda: rule.fired, equals=1, within=30)
            await mirror.wait_agrees(rest)


async def test_t17_lines_that_make_no_sense_are_skipped_and_counted(
    proxy, proxied, namespace, rest
):
    """Unknown types, Tables and objects without metadata cost themselves and nothing else."""
    nonsense = (
        b'{"type":"SURPRISE","object":{"metadata":{"name":"x"}}}\n',
        b'{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","rows":[]}}\n',
        b'{"type":"ADDED","object":{"kind":"ConfigMap"}}\n',
        b"no json at all\n",
    )
    with proxy.add(EditEvents(edit=lambda line: (*nonsense, line)), WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
            await mirror.wait_synced()
            create(rest, namespace, "a")
            await mirror.wait_agrees(rest)

            assert mirror.informer.reflectors[0].statistics.undecodable >= len(nonsense)


async def test_t18_a_late_handler_hears_everything_once(cluster, namespace, rest):
    """What is there comes marked initial, then each change, without a gap and not twice."""
    create(rest, namespace, "a", "b")
    async with mirrored(cluster, CONFIG_MAP, namespace) as mirror:
        await mirror.wait_synced()
        late = type(mirror)(mirror.client, mirror.informers, mirror.informer, namespace)
        registration = mirror.informer.add_handler(late.take)
        create(rest, namespace, "c")
        change(rest, namespace, "a", colour="red")
        delete(rest, namespace, "b")
        await mirror.wait_agrees(rest)
        await late.wait_agrees(rest)

        assert registration.has_synced
        assert [] == late.broken
        assert ["added"] == late.steps("c")


async def test_t18_a_handler_that_was_removed_hears_nothing_more(cluster, namespace, rest):
    """Not even the rest of the batch in which it was removed."""
    async with mirrored(cluster, CONFIG_MAP, namespace) as mirror:
        await mirror.wait_synced()
        heard = []

        def once(changes):
            heard.extend(changes)
            registration.remove()

        registration = mirror.informer.add_handler(once)
        create(rest, namespace, "a", "b")
        await mirror.wait_agrees(rest)
        told = len(heard)
        create(rest, namespace, "c")
        await mirror.wait_agrees(rest)

        assert told == len(heard)


async def test_t20_an_informer_that_ended_leaves_nothing(cluster, namespace, rest):
    """No task, no socket, no thread; and it can be started again (k/k#83487)."""
    create(rest, namespace, "a")
    async with no_leaks():
        client = Client(await connect(kubeconfig=cluster.kubeconfig))
        async with Informers(client, namespaces=[namespace], pace=FAST) as informers:
            for kind in (CONFIG_MAP, SECRET, CONFIG_MAP):
                informer = informers.acquire(Source(kind=kind))
                async with asyncio.timeout(20):
                    await informer.wait_synced()
                await informers.release(informer)
                assert 0 == len(informer._tasks)
        await client.close()


async def test_t20_a_kind_may_come_and_go(cluster, namespace, rest, kubectl):
    """A missing CRD is fine; its objects appear with it, and go with it (k/k#79610)."""
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    async with Informers(client, namespaces=[namespace], pace=FAST) as informers:
        informer = informers.acquire(Source(kind=GADGETS), optional=True)
        async with asyncio.timeout(20):
            await informer.wait_synced()
        assert informer.is_absent

        for _ in range(2):
            establish(kubectl, GADGETS)
            body = {"apiVersion": "test.pentad.dev/v1alpha1", "kind": "Thing"}
            rest.create(GADGETS.path(namespace), {**body, "metadata": {"name": "x"}})
            await eventually(lambda: len(informer.store), equals=1, within=45)
            kubectl("delete", "crd", "things.test.pentad.dev", "--timeout=60s")
            await eventually(lambda: len(informer.store), equals=0, within=45)
            await eventually(lambda: informer.is_absent, within=45)
    await client.close()
