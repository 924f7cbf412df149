"""Resource versions: resume where we were, never go back, and ask etcd only when it must be."""

import msgspec
import pytest

from informers.meta.builtin import CONFIG_MAP
from informers.snapshot import seal
from tests.integration.informers.objects import (
    LIST,
    WATCH,
    change,
    create,
    delete,
    path,
    versions_asked,
)
from tests.kit.answers import (
    error_event,
    gone,
    gone_in_200,
    list_version,
    refusal,
    throttled,
    too_large_resource_version,
)
from tests.kit.eventually import eventually
from tests.kit.faults import Answer, EditRequest, Match
from tests.kit.mirror import mirrored


async def relist(proxy, mirror):
    """Make the informer list again: its watch ends and cannot be resumed."""
    await mirror.wait_watching()
    proxy.forget()
    proxy.add(gone(), WATCH, times=1)
    assert proxy.cut(WATCH) > 0
    await eventually(lambda: len(proxy.seen(LIST)) > 0)
    await mirror.wait_synced()


async def test_t06_a_list_from_a_server_that_lags_is_refused(proxy, proxied, namespace, rest):
    """A list older than what was seen is not taken; etcd is asked instead (k/k#59848)."""
    create(rest, namespace, "a", "b")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
        await mirror.wait_synced()
        with proxy.add(list_version("1"), LIST, times=1) as lagging:
            await relist(proxy, mirror)
            await eventually(lambda: lagging.fired, equals=1)
            create(rest, namespace, "c")
            await mirror.wait_agrees(rest)

        assert None in versions_asked(proxy, LIST)
        assert not any(change.new is None for change in mirror.changes)


async def test_t06_older_content_never_replaces_newer(proxy, proxied, namespace, rest):
    """What a lagging server lists, older states and objects long gone, is never shown."""
    create(rest, namespace, "a", "goes")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
        await mirror.wait_synced()
        past = msgspec.json.encode(rest.get(path(namespace)))
        change(rest, namespace, "a", colour="red")
        delete(rest, namespace, "goes")
        create(rest, namespace, "comes")
        await mirror.wait_agrees(rest)
        told = len(mirror.changes)
        with proxy.add(Answer(status=200, body=past), LIST, times=1) as lagging:
            await relist(proxy, mirror)
            await eventually(lambda: lagging.fired, equals=1)
            create(rest, namespace, "later")
            await mirror.wait_agrees(rest)

        assert None in versions_asked(proxy, LIST)
        since = {(change.key, change.new is None) for change in mirror.changes[told:]}
        assert since == {(f"{namespace}/later", False)}


async def test_t07_a_version_the_server_has_not_seen_is_asked_of_etcd_at_once(
    proxy, proxied, namespace, rest
):
    """A version that is too large is answered by one list of the latest (k/k#107133)."""
    create(rest, namespace, "a")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
        await mirror.wait_synced()
        with proxy.add(too_large_resource_version(), LIST, times=1) as rule:
            await relist(proxy, mirror)
            await eventually(lambda: rule.fired, equals=1)
            create(rest, namespace, "b")
            await mirror.wait_agrees(rest)

        assert [None] == versions_asked(proxy, LIST)[1:2]


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
async def test_a_server_whose_history_went_back_is_followed(
    proxy, proxied, namespace, rest, streams
):
    """As after a restored backup: what is held is from a time that has not come yet."""
    create(rest, namespace, "a")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
        await mirror.wait_agrees(rest)
        await mirror.wait_watching()
        [scope] = mirror.informer.scopes.values()
        meta = {"name": "a", "namespace": namespace, "uid": "u"}
        meta["resourceVersion"] = f"9{scope.version}"
        ahead = seal(msgspec.json.encode({"metadata": meta}))
        mirror.informer._deliver(mirror.informer.store.upsert(ahead))
        scope.version = ahead.resource_version
        assert proxy.cut(WATCH) > 0
        tries = 2 if streams else 1
        with (
            proxy.add(too_large_resource_version(), WATCH, times=tries),
            proxy.add(too_large_resource_version(), LIST, times=1),
        ):
            await mirror.wait_agrees(rest)
        create(rest, namespace, "b")
        await mirror.wait_agrees(rest)


async def test_t07_a_watch_that_expired_does_not_start_a_list_from_etcd(
    proxy, proxied, namespace, rest
):
    """After a 410 of a watch the list names the last version seen (k/k#86483)."""
    create(rest, namespace, "a")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
        await mirror.wait_synced()
        [before] = {scope.version for scope in mirror.informer.scopes.values()}
        await relist(proxy, mirror)
        await mirror.wait_agrees(rest)
        [asked] = versions_asked(proxy, LIST)

        # The watch may have told of more before it was cut: of "a", or of another's ConfigMap.
        assert int(before) <= int(asked)


@pytest.mark.parametrize(
    "disguise",
    [gone(), error_event(410), gone_in_200()],
    ids=["status of the answer", "event in the stream", "body of a 200"],
)
@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
async def test_t08_an_expired_watch_is_recognised_in_every_disguise(
    proxy, proxied, namespace, rest, disguise, streams
):
    """However 410 is said, the content is fetched anew and nothing is missed."""
    create(rest, namespace, "a")
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
        await mirror.wait_synced()
        proxy.refuse()
        proxy.cut_all()
        create(rest, namespace, "b")
        with proxy.add(disguise, WATCH, times=1) as rule:
            proxy.accept()
            await eventually(lambda: rule.fired, equals=1)
            change(rest, namespace, "a", colour="red")

            await mirror.wait_agrees(rest)


async def test_t08_a_page_that_expired_is_followed_by_one_whole_list(
    proxy, proxied, namespace, rest
):
    """410 on the second page: everything is listed at once, without a limit."""
    create(rest, namespace, *[f"o{n}" for n in range(5)])
    paged = proxy.add(_pages_of(2), LIST)
    second = proxy.add(gone(), _continued(), times=1)
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=False) as mirror:
        await eventually(lambda: second.fired, equals=1)
        paged.remove()
        await mirror.wait_synced()
        await mirror.wait_agrees(rest)

        assert "limit" not in proxy.seen(LIST)[-1].params


def _pages_of(size):
    """Make the server page, as it does when it does not answer from its watch cache."""

    def edit(request):
        params = {k: v for k, v in request.params.items() if not k.startswith("resourceVersion")}
        return request.with_params(params | {"limit": str(size)})

    return EditRequest(edit=edit)


def _continued():
    return Match(method="GET", path="/configmaps$", query={"continue": ...})


@pytest.mark.parametrize(
    "trouble",
    [error_event(429), error_event(500), error_event(504), throttled(), refusal(500), refusal(503)],
    ids=["429 event", "500 event", "504 event", "429", "500", "503"],
)
async def test_t09_a_watch_that_fails_is_resumed_where_it_was(
    proxy, proxied, namespace, rest, trouble
):
    """Errors that are not 410 cost a delay: the version is kept, nothing is listed again."""
    create(rest, namespace, "a")
    async with mirrored(proxied, CONFIG_MAP, namespace) as mirror:
        await mirror.wait_synced()
        [before] = {scope.version for scope in mirror.informer.scopes.values()}
        proxy.refuse()
        proxy.cut_all()
        create(rest, namespace, "b")
        proxy.forget()
        with proxy.add(trouble, WATCH, times=2) as rule:
            proxy.accept()
            await eventually(lambda: rule.fired, equals=2)
            await mirror.wait_agrees(rest)

        assert {before} == set(versions_asked(proxy, WATCH))
        assert [] == proxy.seen(LIST)
