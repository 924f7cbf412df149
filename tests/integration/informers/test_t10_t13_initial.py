"""Initial content by a watch: found out where it does not work, and never waited for in vain."""

import itertools

import attrs
import msgspec
import pytest

from informers.meta.builtin import CONFIG_MAP
from tests.integration.informers.objects import LIST, WATCH, create, path, versions_asked
from tests.kit.answers import drop_bookmarks, drop_params, gone, strip_initial_events_end
from tests.kit.eventually import eventually
from tests.kit.faults import Cut, EditRequest, Inject, Match, Stall
from tests.kit.mirror import FAST, mirrored

NAMES = [f"o{n}" for n in range(10)]
PATIENT = attrs.evolve(FAST, initial_silence=10)
"""A stall of the whole machine is no verdict on the server."""


@pytest.mark.parametrize(
    "trouble",
    [
        drop_bookmarks(),
        strip_initial_events_end(),
        Cut(after_events=5),
        Stall(after_events=5),
        drop_params("sendInitialEvents", "resourceVersionMatch", "allowWatchBookmarks"),
    ],
    ids=["bookmark lost", "mark stripped", "cut in half", "stalled in half", "not understood"],
)
async def test_t10_what_cannot_be_streamed_is_listed_in_time(
    proxy, proxied, namespace, rest, trouble
):
    """Synced by a list within twice the deadline, and remembered (k/k#140890, k/k#129467)."""
    create(rest, namespace, *NAMES)
    with proxy.add(trouble, WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
            broken_off = 4.0  # two attempts and the delays between them
            await mirror.wait_synced(within=2 * FAST.initial_silence + broken_off)
            assert CONFIG_MAP in mirror.informers.verdicts.refused

    assert len(proxy.seen(LIST)) >= 1


async def test_t10_the_verdict_is_remembered(proxy, proxied, namespace, rest):
    """Once found out, a kind is listed right away for the rest of the process."""
    create(rest, namespace, *NAMES)
    with proxy.add(strip_initial_events_end(), WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
            await mirror.wait_synced()
            proxy.forget()
            proxy.add(gone(), WATCH, times=1)
            proxy.cut(WATCH)
            await eventually(lambda: len(proxy.seen(LIST)) > 0)
            create(rest, namespace, "later")
            await mirror.wait_agrees(rest)

    assert not any("sendInitialEvents" in seen.params for seen in proxy.seen(WATCH))


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
async def test_the_first_content_is_asked_of_the_watch_cache(
    proxy, proxied, namespace, rest, streams, streams_content
):
    """A list of any version (0) costs etcd nothing; a watch that streams asks for no version."""
    create(rest, namespace, *NAMES)
    async with mirrored(proxied, CONFIG_MAP, namespace, pace=PATIENT, streams=streams) as mirror:
        await mirror.wait_synced()
        await mirror.wait_agrees(rest)

    is_listed = not (streams and streams_content)
    assert ["0"] * is_listed == versions_asked(proxy, LIST)
    assert (not streams) == (versions_asked(proxy, WATCH)[0] is not None)
    assert all("resourceVersionMatch" not in seen.params for seen in proxy.seen(LIST))


async def test_t11_watches_that_expire_at_once_do_not_become_a_storm(
    proxy, proxied, namespace, rest
):
    """410 after 410 after every list: each round waits longer, and the last one works."""
    create(rest, namespace, *NAMES)
    with proxy.add(gone(), WATCH, times=3) as rule:
        async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
            await mirror.wait_synced()
            await eventually(lambda: rule.fired, equals=3, within=30)
            await eventually(lambda: len(proxy.seen(LIST)), equals=4, within=30)
            await mirror.wait_agrees(rest)

    moments = [seen.started for seen in proxy.seen(LIST)]
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert all(0.8 * 2**n <= pause for n, pause in enumerate(pauses)), pauses


async def test_t11_pages_that_outlive_their_version_are_not_asked_for_again(
    proxy, proxied, namespace, rest
):
    """Each second page is 410: after one try everything comes in one piece (kube-rs#1748)."""
    create(rest, namespace, *NAMES)
    proxy.add(EditRequest(edit=_paged), LIST)
    proxy.add(gone(), Match(method="GET", path="/configmaps$", query={"continue": ...}))
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
        await mirror.wait_synced()
        await mirror.wait_agrees(rest)

    asked = [("limit" in seen.params, "continue" in seen.params) for seen in proxy.seen(LIST)]
    assert [(True, False), (True, True), (False, False)] == asked


def _paged(request):
    """Make pages small, and the server page, which it does not from its watch cache."""
    if "limit" not in request.params:
        return request
    params = {k: v for k, v in request.params.items() if not k.startswith("resourceVersion")}
    return request.with_params(params | {"limit": "3"})


async def test_t12_synthetic_events_do_not_advance_the_version(
    proxy, proxied, namespace, rest, streams_content
):
    """Cut off inside the first content, it is asked for as a whole again, from no version."""
    create(rest, namespace, *NAMES, blob="x" * 20_000)
    where, fault, none = LIST, Cut(after_bytes=100_000), "0"
    if streams_content:
        where, fault, none = WATCH, Cut(after_events=5), None
    with proxy.add(fault, where, times=1) as rule:
        async with mirrored(proxied, CONFIG_MAP, namespace, pace=PATIENT) as mirror:
            await mirror.wait_synced()
            await mirror.wait_agrees(rest)

    assert 1 == rule.fired
    assert [none, none] == versions_asked(proxy, where)[:2]


async def test_t13_a_bookmark_advances_the_version(proxy, proxied, namespace, rest):
    """An idle kind's version follows its bookmarks, so nothing waits for events that never come."""
    later = "9" * 15
    bookmark = {
        "type": "BOOKMARK",
        "object": {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": later},
        },
    }
    line = msgspec.json.encode(bookmark) + b"\n"
    await eventually(lambda: rest.get(path(namespace))["items"])  # every namespace gets one
    with proxy.add(Inject(line=line, after_events=1, then="go on"), WATCH, times=1):
        async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
            await mirror.wait_synced()
            create(rest, namespace, "b")
            [scope] = mirror.informer.scopes.values()

            await eventually(lambda: scope.version, equals=later)
