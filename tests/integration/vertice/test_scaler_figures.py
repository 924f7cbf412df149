"""What Prometheus is told of a scaler that works, and of one that is gone."""

from reconcilers.vertice import exported
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from reconcilers.vertice.scaler.counts import Counts
from reconcilers.vertice.scaler.gauges import gauges
from tests.integration.vertice.world import AT_ONCE, WITHIN
from tests.kit.eventually import eventually


async def test_changes_are_counted_where_they_are_made(world, busy, host):
    """Each as one in its direction; nothing is left of a scaler that is deleted."""
    read = gauges(host.runtime)

    def events():
        return {labels[-1]: value for labels, value in dict(read())[exported.EVENTS]}

    await busy("90m")
    world.create()
    await eventually(world.replicas, equals=4, within=WITHIN)
    await eventually(events, equals={"up": 1, "down": 0}, within=WITHIN)
    await eventually(world.ready, equals=4, within=WITHIN)
    world.use("10m")
    world.change(behavior=AT_ONCE)
    await eventually(world.replicas, equals=1, within=WITHIN)
    await eventually(events, equals={"up": 1, "down": 1}, within=WITHIN)

    world.rest.delete(VERTICE_SCALER.path(world.namespace, "web"))

    await eventually(events, equals={}, within=WITHIN)
    await eventually(lambda: Counts.of(host.runtime)._found, equals={}, within=WITHIN)
    assert 1 == world.replicas()


async def test_what_is_kept_from_being_done_is_no_change(world, busy, host):
    """It is decided and told, and changes nothing."""
    read = gauges(host.runtime)
    await busy("90m")
    world.create(preview=True)

    def told():
        figures = dict(read())
        return {each: dict(figures[each]) for each in (exported.CURRENT, exported.DESIRED)}

    which = (world.namespace, "web")
    wanted = {exported.CURRENT: {which: 2}, exported.DESIRED: {which: 4}}
    await eventually(told, equals=wanted, within=WITHIN)
    assert {0} == {value for _, value in dict(read())[exported.EVENTS]}
