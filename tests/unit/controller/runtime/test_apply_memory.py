"""What an apply set remembers of children: no more than the caches show of them."""

import pytest

from informers.meta.builtin import CONFIG_MAP
from tests.unit.controller.runtime.test_apply import OTHERS, OWNER, Case, child, stored

pytestmark = pytest.mark.virtual


async def test_nothing_is_remembered_of_what_no_cache_shows():
    """Nobody would tell of its end: a child in a namespace that is not covered, say."""
    case = Case()
    await case.informers.set_namespaces(["other"])
    async with case.reflecting():
        for number in range(5):
            await case.children.apply(OWNER, [child(f"c{number}")])

        assert (["PATCH"] * 5, 0) == (case.methods(), case.children.remembered)


async def test_nothing_is_remembered_of_what_went_while_its_owner_was_asked_for():
    """Its end was told before there was anything to forget."""
    async with Case(stored(manager=OTHERS)).reflecting() as case:

        async def serve(request):
            case.wire.push(CONFIG_MAP, "DELETED", case.next(manager=OTHERS))
            await case.clock.sleep(1)
            return case.serve(request)

        case.wire.answer = serve
        await case.children.apply(OWNER, [])

        assert (["GET"], 0) == (case.methods(), case.children.remembered)


async def test_children_that_come_and_go_leave_nothing():
    """Ours and those of another controller, which is asked about once."""
    async with Case(stored("theirs", manager=OTHERS)).reflecting() as case:
        await case.children.apply(OWNER, [child(f"c{number}") for number in range(20)])
        assert 21 == case.children.remembered

        case.wire.push(CONFIG_MAP, "DELETED", case.next("theirs", manager=OTHERS))
        await case.clock.sleep(1)
        await case.children.apply(OWNER, [])

        assert 0 == case.children.remembered
