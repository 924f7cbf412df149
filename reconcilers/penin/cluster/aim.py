"""What a cluster is to be in the end, and what that was worked out from.

It changes when the spec or a Secret does, which is seldom; a cluster is looked at whenever one of
its pods changes.
"""

import functools
from collections.abc import Hashable

import attrs

from reconcilers.penin.cluster import desired
from reconcilers.penin.cluster.pods import Wanted
from reconcilers.penin.cluster.revisions import Revision


@attrs.frozen(kw_only=True)
class Aim:
    """What the pods follow from, and what each part is to be given for it."""

    follows_from: Hashable
    wanted: Wanted
    target: Revision

    @classmethod
    def of(cls, wanted: Wanted, *, follows_from: Hashable) -> "Aim":
        """Work it out."""
        load = functools.partial(desired.parts, wanted)
        return cls(follows_from=follows_from, wanted=wanted, target=Revision.of(load))
