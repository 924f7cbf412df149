"""From a thread to the loop: what comes back, and what is said when nothing does."""

import asyncio

import pytest

from controller.runtime.obs.bridge import Bridge, LoopBusy


@pytest.fixture
async def bridge():
    """Return the way onto this loop."""
    bridge = Bridge()
    await bridge.start()
    yield bridge
    await bridge.stop()


async def test_a_result_comes_back(bridge):
    """Of what is done in one step, and of what has to wait."""

    async def later():
        return 2

    assert 1 == await asyncio.to_thread(bridge.call, lambda: 1)
    assert 2 == await asyncio.to_thread(bridge.wait, later)


@pytest.mark.parametrize(
    "error", [RuntimeError("a bug"), RecursionError("deep"), KeyError("x")], ids=repr
)
async def test_what_a_function_raises_is_raised_where_it_was_asked_for(bridge, error):
    """A bug is not taken for the end of the program."""

    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        await asyncio.to_thread(bridge.call, fail)

    assert error is caught.value


async def test_nobody_waits_for_a_loop_that_is_not_there():
    """Before it is started, after its end, and after the end of the loop itself."""
    bridge = Bridge()
    with pytest.raises(LoopBusy, match="starting or ending"):
        bridge.call(lambda: 1)

    bridge._loop = asyncio.new_event_loop()
    bridge._loop.close()
    with pytest.raises(LoopBusy, match="is ending"):
        await asyncio.to_thread(bridge.call, lambda: 1)
