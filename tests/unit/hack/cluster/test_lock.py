"""One holder at a time, and never waiting for ever."""

import asyncio
import io

import pytest

from hack.cluster.errors import ClusterError
from hack.cluster.lock import exclusive
from hack.cluster.progress import Progress


def turn(path, *, seconds=5.0):
    """Return the lock."""
    return exclusive(path, holder="somebody", seconds=seconds, progress=Progress(io.StringIO()))


async def test_holders_take_turns(tmp_path):
    """What one does under the lock, another never sees half done."""
    path, inside, most = tmp_path / "deep/lock", 0, 0

    async def work():
        nonlocal inside, most
        async with turn(path):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)  # noqa: TID251 - the point is to stay inside for a while
            inside -= 1

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(work())

    assert most == 1


async def test_holder_may_remove_the_file(tmp_path):
    """One who waited for a file that its holder removed gets the lock of a new one."""
    path = tmp_path / "lock"
    order = []

    async def second():
        async with turn(path):
            order.append("second")
            assert path.exists()

    async with asyncio.TaskGroup() as group, turn(path):
        group.create_task(second())
        await asyncio.sleep(0.1)  # noqa: TID251 - the other one has to be waiting
        path.unlink()
        order.append("first")

    assert order == ["first", "second"]


async def test_waiting_ends(tmp_path):
    """A holder that does not let go is named, with the file."""
    path = tmp_path / "lock"

    async with turn(path):
        with pytest.raises(ClusterError, match=r"somebody still holds .*lock"):
            async with turn(path, seconds=0.1):
                pass
