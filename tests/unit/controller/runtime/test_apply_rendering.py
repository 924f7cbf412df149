"""Children that are only rendered if something may have become of them."""

import pytest

from controller.runtime.rendering import Rendering
from informers.meta.builtin import CONFIG_MAP
from tests.unit.controller.runtime.test_apply import OWNER, Case, child

pytestmark = pytest.mark.virtual


class Desk:
    """Counts how often children were rendered."""

    def __init__(self):
        self.times = 0

    def rendering(self, follows_from, *bodies):
        """Return these children, said to follow from that."""

        def render():
            self.times += 1
            return bodies

        return Rendering(follows_from=follows_from, render=render)


@pytest.fixture
def desk():
    return Desk()


async def test_nothing_is_rendered_while_nothing_changed(desk):
    """A look costs neither requests nor bodies, and says the same."""
    async with Case().reflecting() as case:
        wish = desk.rendering(1, child("a", x="1"), child("b", x="1"))
        first = await case.children.apply(OWNER, wish)
        again = await case.children.apply(OWNER, wish)

        assert (1, ["PATCH"] * 2) == (desk.times, case.methods())
        assert (2, 0, 2) == (len(first.applied), len(again.applied), again.unchanged)
        assert first.children == again.children


async def test_drift_is_put_right(desk):
    """Whatever it follows from, a child that is not as it was is looked at."""
    async with Case().reflecting() as case:
        wish = desk.rendering(1, child("a", x="1"), child("b", x="1"))
        await case.children.apply(OWNER, wish)
        case.methods()
        await case.drift("b", x="2")

        applied = await case.children.apply(OWNER, wish)
        assert (2, ["PATCH"], ("ConfigMap ns/b",)) == (desk.times, case.methods(), applied.applied)
        await case.children.apply(OWNER, wish)
        assert 2 == desk.times


async def test_a_child_that_is_gone_is_made_again(desk):
    """And nothing is remembered of an owner whose first child is gone."""
    async with Case().reflecting() as case:
        wish = desk.rendering(1, child("a", x="1"))
        await case.children.apply(OWNER, wish)
        case.methods()
        case.wire.push(CONFIG_MAP, "DELETED", case.next("a", x="1"))
        await case.clock.sleep(0.1)
        assert 0 == case.children.remembered

        assert 1 == len((await case.children.apply(OWNER, wish)).applied)
        assert ["PATCH"] == case.methods()


async def test_another_wish_is_rendered(desk):
    """What is no longer desired is deleted, at once and only once."""
    async with Case().reflecting() as case:
        await case.children.apply(OWNER, desk.rendering(1, child("a"), child("b")))
        case.methods()

        applied = await case.children.apply(OWNER, desk.rendering(2, child("a")))
        assert (2, ("ConfigMap ns/b",), ["DELETE"]) == (desk.times, applied.pruned, case.methods())
        await case.children.apply(OWNER, desk.rendering(2, child("a")))
        assert (2, []) == (desk.times, case.methods())


async def test_what_is_no_longer_desired_goes_even_if_it_comes_later(desk):
    """Pruning does not wait for a rendering."""
    async with Case().reflecting() as case:
        await case.children.apply(OWNER, desk.rendering(1, child("a")))
        await case.children.apply(OWNER, [child("b")], prune=False)
        case.methods()

        again = await case.children.apply(OWNER, desk.rendering(1, child("a")))
        assert (1, ("ConfigMap ns/b",), ["DELETE"]) == (desk.times, again.pruned, case.methods())


async def test_a_child_that_was_given_away_is_looked_at(desk):
    """It may be as it was in all but whose it is."""
    async with Case().reflecting() as case:
        wish = desk.rendering(1, child("a", x="1"))
        await case.children.apply(OWNER, wish)
        await case.drift("a", x="1", controller="")

        await case.children.apply(OWNER, wish)
        assert 2 == desk.times


async def test_of_children_that_no_cache_shows_nothing_is_remembered(desk):
    """Each look renders and applies them."""
    case = Case()
    await case.informers.set_namespaces(["other"])
    async with case.reflecting():
        wish = desk.rendering(1, child("a"))
        for _ in range(2):
            await case.children.apply(OWNER, wish)

        assert (2, 0) == (desk.times, case.children.remembered)
