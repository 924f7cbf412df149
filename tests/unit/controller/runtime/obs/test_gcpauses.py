"""Collections are timed."""

import gc

from controller.runtime.obs.gcpauses import GcPauses


async def test_collections_are_timed_by_generation():
    """A collection counts in its generation from start to stop, and never after."""
    pauses = GcPauses()
    await pauses.start()
    gc.collect(2)
    gc.collect(0)
    await pauses.stop()
    counted = [p.count for p in pauses.generations]
    gc.collect(2)

    assert counted[2] >= 1
    assert counted[0] >= 1
    assert counted == [p.count for p in pauses.generations]
    assert pauses.longest == max(p.longest for p in pauses.generations) > 0
    assert all(sum(p.buckets) == p.count for p in pauses.generations)
