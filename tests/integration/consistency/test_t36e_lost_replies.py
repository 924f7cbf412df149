"""Writes whose answers never come: seen by the next reconcile, waited for by nobody else."""

import pytest

from tests.integration.consistency.world import WITHIN, OneChild
from tests.kit.answers import refusal
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.faults import Cut, Match, Stall
from tests.kit.hosting import hosted

CREATE = Match(method="POST", path="/configmaps$")
WATCH = Match(watch=True, path="/configmaps")


def children(rest, namespace):
    """Return the ConfigMaps that a Widget owns."""
    found = rest.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return [one for one in found if "ownerReferences" in one["metadata"]]


async def test_t36d_reads_do_not_wait_for_writes_begun_after_them(
    proxy, proxied, namespace, rest, widgets
):
    """One object's write hangs without an answer; another object is reconciled (CR#3473)."""
    child = OneChild()
    async with hosted(proxied, child.set_up, namespaces=[namespace]) as host:
        with proxy.add(Stall(at="reply"), CREATE, times=1) as stalled:
            rest.create(widgets, widget("hangs"))
            await eventually(lambda: stalled.fired, equals=1, within=WITHIN)

            rest.create(widgets, widget("goes-on"))
            await eventually(
                lambda: child.seen.get(f"{namespace}/goes-on", [])[-1:], equals=[1], within=WITHIN
            )
            assert [0] == child.seen[f"{namespace}/hangs"]
        await eventually(lambda: child.seen[f"{namespace}/hangs"][-1], equals=1, within=WITHIN)
        assert 0 == sum(informer.store.doubtful for informer in host.runtime.informers)
    assert 2 == len(children(rest, namespace))


async def test_t36d_a_lost_write_holds_up_nobody_else(proxy, proxied, namespace, rest, widgets):
    """While one object's doubt cannot be settled, another is reconciled."""
    child = OneChild(name="same")
    async with hosted(proxied, child.set_up, namespaces=[namespace]):
        proxy.add(refusal(500), Match(method="GET", watch=False, path="/configmaps/same$"))
        proxy.hold(WATCH)
        with proxy.add(Cut(at="reply"), CREATE, times=1) as cut:
            rest.create(widgets, widget("doubts"))
            await eventually(lambda: cut.fired, equals=1, within=WITHIN)
            child.name = "other"

            rest.create(widgets, widget("goes-on"))
            await eventually(
                lambda: child.seen.get(f"{namespace}/goes-on", [])[-1:], equals=[1], within=WITHIN
            )
            assert [0] == child.seen[f"{namespace}/doubts"]
        proxy.clear()
        await eventually(lambda: child.seen[f"{namespace}/doubts"][-1], equals=1, within=WITHIN)
    assert 2 == len(children(rest, namespace))


@pytest.mark.parametrize("name", ["child", ""], ids=["named", "name made up"])
@pytest.mark.parametrize(
    "loss",
    [Cut(at="reply"), Cut(at="reply", how="fin"), refusal(504, at="reply")],
    ids=["reset", "closed", "504"],
)
async def test_t36e_a_create_that_happened_is_not_repeated(
    proxy, proxied, namespace, rest, widgets, name, loss
):
    """Its reply is lost and the watch is late: the next reconcile sees the child all the same."""
    child, key = OneChild(name=name), f"{namespace}/w"
    async with hosted(proxied, child.set_up, namespaces=[namespace]) as host:
        proxy.hold(WATCH)
        with proxy.add(loss, CREATE, times=1) as rule:
            rest.create(widgets, widget())
            await eventually(lambda: child.seen.get(key, ())[:2], equals=[0, 1], within=WITHIN)
            assert 1 == rule.fired

        assert 1 == len(children(rest, namespace))
        assert 1 == host.controllers[0].gate.settled
        assert 0 == sum(informer.store.doubtful for informer in host.runtime.informers)


@pytest.mark.parametrize("name", ["child", ""], ids=["named", "name made up"])
async def test_t36e_a_reconcile_cut_short_while_it_writes(
    proxy, proxied, namespace, rest, widgets, name
):
    """The write went out, the reconcile's time was up: the next one sees what was written."""
    child, key = OneChild(name=name, timeout=3), f"{namespace}/w"
    async with hosted(proxied, child.set_up, namespaces=[namespace]) as host:
        proxy.hold(WATCH)
        with proxy.add(Stall(at="reply"), CREATE, times=1):
            rest.create(widgets, widget())
            await eventually(lambda: child.seen.get(key, ())[:2], equals=[0, 1], within=WITHIN)

        assert 1 == len(children(rest, namespace))
        assert 1 == host.controllers[0].statistics.outcomes["timeout"]
