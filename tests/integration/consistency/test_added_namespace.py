"""A namespace that is added while controllers run, on a real cluster: none works on half of it."""

import pytest

from informers.meta.builtin import NAMESPACE
from tests.integration.consistency.world import WITHIN, OneChild, change
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.hosting import hosted
from tests.kit.widget.api import WIDGET


@pytest.fixture
def other(rest, namespace):
    """Return a second namespace."""
    name = f"{namespace}-other"
    rest.create(
        NAMESPACE.path(""),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
    )
    yield name
    rest.delete(NAMESPACE.path("", name))


@pytest.mark.usefixtures("widgets")
async def test_no_child_is_made_twice_where_the_children_come_last(
    proxy, proxied, namespace, other, rest
):
    """A reconciler that makes up names would make a second child if it did not see the first."""
    rest.create(WIDGET.path(other), widget())
    async with hosted(proxied, OneChild().set_up, namespaces=[other]):
        maps = f"/api/v1/namespaces/{other}/configmaps"
        await eventually(lambda: made(rest, maps), where=lambda found: len(found) == 1)

    child, held = OneChild(), proxy.hold(Match(method="GET", path=maps))
    async with hosted(proxied, child.set_up, namespaces=[namespace]) as host:
        await host.runtime.informers.set_namespaces([namespace, other])
        (controller,) = host.controllers
        await eventually(lambda: controller.is_there(f"{other}/w"), within=WITHIN)
        outcomes = controller.statistics.outcomes
        await eventually(lambda: sum(outcomes.values()), within=WITHIN)
        change(rest, WIDGET.path(other, "w"), {"spec": {"size": 2}})
        assert {} == child.seen

        held.remove()
        await eventually(lambda: child.seen.get(f"{other}/w"), within=WITHIN)

    assert {1} == set(child.seen[f"{other}/w"])
    assert 1 == len(made(rest, maps))


def made(rest, path):
    """Return the names of the children that there are."""
    names = [one["metadata"]["name"] for one in rest.get(path)["items"]]
    return [name for name in names if name.startswith("child-")]
