"""A server that sheds load, and says when to come back."""

import itertools

import attrs
import msgspec
import pytest

from informers.client import Client
from informers.connection import connect
from informers.errors import TooManyRequests
from informers.meta.builtin import CONFIG_MAP
from tests.integration.informers.objects import LIST, WATCH, create, path
from tests.kit.answers import throttled
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.mirror import FAST, mirrored

SECONDS = 5
QUIET = attrs.evolve(FAST, idle=60, idle_most=60)
"""No watch is replaced because nothing happens."""


@pytest.mark.parametrize("where", [LIST, WATCH], ids=["list", "watch"])
async def test_a_cache_leaves_a_server_alone_for_as_long_as_that_wants(
    proxy, proxied, namespace, rest, where
):
    """Its own pause would be 1.6 s at most: what was shed comes when the server said."""
    create(rest, namespace, "a")
    with proxy.add(throttled(SECONDS), where, times=1) as rule:
        async with mirrored(proxied, CONFIG_MAP, namespace, pace=QUIET, streams=False) as mirror:
            await eventually(lambda: len(proxy.seen(where)) >= 2)
            create(rest, namespace, "later")
            await mirror.wait_agrees(rest)

    assert 1 == rule.fired
    assert pauses(proxy, where)[0] >= SECONDS


async def test_a_watch_that_is_shed_later_is_left_alone_as_well(proxy, proxied, namespace, rest):
    """A watch that ran, ended and is refused when it comes back."""
    async with mirrored(proxied, CONFIG_MAP, namespace, pace=QUIET, streams=False) as mirror:
        await mirror.wait_synced()
        await mirror.wait_watching()
        with proxy.add(throttled(SECONDS), WATCH, times=1):
            proxy.cut(WATCH)
            await eventually(lambda: len(proxy.seen(WATCH)) >= 3)
        create(rest, namespace, "later")
        await mirror.wait_agrees(rest)

    assert pauses(proxy, WATCH)[1] >= SECONDS


def read(client, namespace, **more):
    """Read the object."""
    return client.get(CONFIG_MAP, "a", namespace=namespace, **more)


def write(client, namespace, **more):
    """Change the object."""
    body = {"data": {"colour": "red"}}
    return client.patch(CONFIG_MAP, "a", body, namespace=namespace, **more)


def asked(method):
    """Match the requests for the object."""
    return Match(method=method, path="/configmaps/a$")


@pytest.mark.parametrize(("ask", "method"), [(read, "GET"), (write, "PATCH")])
async def test_a_request_that_is_shed_is_sent_again_when_the_server_said(
    proxy, proxied, namespace, rest, ask, method
):
    """Whoever asked notices nothing but the time it takes, and a write is done once."""
    create(rest, namespace, "a", colour="blue")
    client = Client(await connect(kubeconfig=proxied.kubeconfig))
    with proxy.add(throttled(1), asked(method), times=2):
        answer = await ask(client, namespace)
    await client.close()

    colours = {"GET": "blue", "PATCH": "red"}
    assert colours[method] == msgspec.json.decode(answer.raw)["data"]["colour"]
    assert [429, 429, 200] == [seen.status for seen in proxy.seen(asked(method))]
    assert all(pause >= 1 for pause in pauses(proxy, asked(method)))
    assert answer.resource_version == rest.get(path(namespace, "a"))["metadata"]["resourceVersion"]


@pytest.mark.parametrize(("ask", "method"), [(read, "GET"), (write, "PATCH")])
async def test_a_request_with_less_time_than_the_server_wants_is_told_so_at_once(
    proxy, proxied, namespace, rest, ask, method
):
    """Waiting would be in vain; the error says how long it would have been."""
    create(rest, namespace, "a", colour="blue")
    client = Client(await connect(kubeconfig=proxied.kubeconfig))
    with (
        proxy.add(throttled(SECONDS), asked(method)),
        pytest.raises(TooManyRequests, match="try again later") as told,
    ):
        await ask(client, namespace, timeout=SECONDS - 1)
    await client.close()

    assert SECONDS == told.value.retry_after
    assert [429] == [seen.status for seen in proxy.seen(asked(method))]


def pauses(proxy, where):
    """Return the seconds between these requests."""
    moments = [seen.started for seen in proxy.seen(where)]
    return [later - earlier for earlier, later in itertools.pairwise(moments)]
