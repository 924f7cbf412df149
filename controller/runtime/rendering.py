"""Children that are rendered only when somebody has to look at them.

Most reconciles find nothing to do: some pod became ready, and none of the children is to be any
different. To render all of them, to put each into bytes and to hash those costs far more than to
see that nothing has become of what was applied before. So whoever knows what the children follow
from says that, and how they would be rendered; an apply set renders them if that is new to it, or
if any child is not as it was.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import attrs

from informers.meta.kinds import Kind

Place = tuple[Kind, str]
"""Where a child is: its kind and its key."""


@attrs.frozen(kw_only=True)
class Rendering:
    """The children of an owner, if they are asked for.

    `follows_from` is all that they follow from besides the program: where it is equal, so are they.
    Whatever is left out of it is a change that nobody notices.
    """

    follows_from: Hashable
    render: Callable[[], Sequence[Mapping[str, Any]]]


@attrs.frozen
class Rendered:
    """What an owner's children were to be when all of them were so: a digest of each."""

    follows_from: Hashable
    digests: Mapping[Place, bytes]


class Renderings:
    """What was rendered last for each owner, for as long as the first of its children is there."""

    def __init__(self) -> None:
        self._by_owner: dict[str, Rendered] = {}
        self._owners: dict[Place, str] = {}

    def __len__(self) -> int:
        return len(self._by_owner)

    def of(self, owner: str, rendering: Rendering) -> Rendered | None:
        """Return what this rendering came to, if it was the last for the owner with this uid."""
        found = self._by_owner.get(owner)
        if found is None or found.follows_from != rendering.follows_from:
            return None
        return found

    def keep(self, owner: str, rendering: Rendering, digests: Mapping[Place, bytes]) -> None:
        """Remember what a rendering came to; of children that no cache shows, nothing."""
        self.drop(owner)
        if digests:
            self._by_owner[owner] = Rendered(rendering.follows_from, digests)
            self._owners[next(iter(digests))] = owner

    def drop(self, owner: str) -> None:
        """Remember nothing for an owner."""
        found = self._by_owner.pop(owner, None)
        if found is not None:
            self._owners.pop(next(iter(found.digests)), None)

    def forget(self, place: Place) -> None:
        """Take note that a child is gone."""
        owner = self._owners.get(place)
        if owner is not None:
            self.drop(owner)
