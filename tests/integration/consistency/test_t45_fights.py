"""Conflicts and fights over children end in patience, on a real API server."""

from controller.runtime.fights import FREE
from tests.integration.consistency.world import WITHIN, change
from tests.kit.answers import refusal
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.hosting import hosted
from tests.kit.widget.reconciler import set_up


def applies(proxy):
    """Return the applies of the child that came through."""
    return proxy.seen(Match(method="PATCH", path="/configmaps/w-0$"))


async def test_t45_writes_that_conflict_converge(proxy, proxied, namespace, rest, widgets):
    """Refused eight times, the child is applied at last; the tries grow apart."""
    child = f"/api/v1/namespaces/{namespace}/configmaps/w-0"
    async with hosted(proxied, set_up, namespaces=[namespace]) as host:
        where = Match(method="PATCH", path="/configmaps/w-0$")
        with proxy.add(refusal(409), where, times=8) as rule:
            rest.create(widgets, widget(children=1))
            await eventually(lambda: rest.request("GET", child).status, equals=200, within=WITHIN)

        assert 8 == rule.fired
        outcomes = host.controllers[0].statistics.outcomes
        assert (8, 0) == (outcomes["conflict"], outcomes["error"])
        first, *_, last = [seen.started for seen in applies(proxy)]
        assert last - first >= 0.8 * sum(0.005 * 2**n for n in range(8))


async def test_t45_a_child_that_is_fought_over_is_told_of(proxy, proxied, namespace, rest, widgets):
    """Each repair is undone at once: after the free ones they come slower, and users hear of it."""
    child = f"/api/v1/namespaces/{namespace}/configmaps/w-0"
    async with hosted(proxied, set_up, namespaces=[namespace]) as host:
        rest.create(widgets, widget(children=1, colour="red"))
        for repairs in range(FREE + 2):
            await eventually(
                lambda: rest.request("GET", child).body.get("data", {}).get("colour"),
                equals="red",
                within=WITHIN,
            )
            assert repairs + 1 <= len(applies(proxy))
            change(rest, child, {"data": {"colour": "blue"}})
        outcomes = host.controllers[0].statistics.outcomes
        await eventually(lambda: outcomes["requeue_after"] > 0, within=WITHIN)
        other = rest.request("GET", f"{widgets}/w").ok()
        assert 1 == other["status"]["readyChildren"]

        def told():
            events = rest.get(f"/api/v1/namespaces/{namespace}/events")["items"]
            return [
                (event["type"], event["involvedObject"]["name"])
                for event in events
                if event["reason"] == "FightOver"
            ]

        await eventually(told, equals=[("Warning", "w")], within=WITHIN)
        *_, before, last = [seen.started for seen in applies(proxy)]
        assert last - before >= 1
