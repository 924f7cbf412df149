"""How requests are divided between champion and challenger.

A `Splitter` says how many pods the challenger gets and which further objects it takes; the
experiment applies and removes both. Shipped is `ReplicaSplitter`: the Service of the champion
selects the pods of both, so each pod gets its share of new connections. That is not sticky: one
client meets both arms, and a client that keeps a connection open stays with one pod for as long.

A mesh or a gateway divides requests by weight, whatever the numbers of pods. Its splitter gives the
challenger as many pods as the load needs, and returns the object that divides. For the Gateway API
that would be, with a Service of its own for each track (their selectors name `penin.ai/track`):

    class GatewaySplitter:
        def desired(self, wish: Wish) -> Split:
            route = {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "HTTPRoute",
                "metadata": {"name": f"{wish.address}-split"},
                "spec": {
                    "parentRefs": [{"name": "gateway"}],
                    "rules": [{"backendRefs": [
                        {"name": f"{wish.address}-champion", "port": wish.port,
                         "weight": 100 - wish.weight},
                        {"name": f"{wish.address}-challenger", "port": wish.port,
                         "weight": wish.weight},
                    ]}],
                },
            }
            return Split(
                replicas=wish.champions,
                reached=wish.weight,
                share=wish.weight / 100,
                objects=(route,),
            )

The kinds of such objects go into the experiment's apply set and into the family's permissions.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import attrs


@attrs.frozen(kw_only=True)
class Wish:
    """What is to be divided: `champions` pods behind an address, and per cent for the other."""

    address: str
    port: int
    champions: int
    weight: int


@attrs.frozen(kw_only=True)
class Split:
    """How it is divided: pods of the challenger, per cent that it gets, what else that takes.

    `share` is the part of the requests that it gets, None where each pod gets the same.
    """

    replicas: int
    reached: float
    share: float | None = None
    sticky: bool = False
    objects: Sequence[dict[str, Any]] = ()


class Splitter(Protocol):
    """Whoever divides requests."""

    def desired(self, wish: Wish) -> Split:
        """Say how many pods the challenger gets, and which further objects there are to be."""
        ...


class ReplicaSplitter:
    """Divides by numbers of pods alone; the champion keeps all of its own."""

    def desired(self, wish: Wish) -> Split:
        """Return the number of pods that comes nearest to the weight, one at least."""
        share = wish.weight / 100
        # Halves are rounded up: a challenger that is measured a bit more is known a bit sooner.
        replicas = max(1, int(wish.champions * share / (1 - share) + 0.5))
        return Split(replicas=replicas, reached=100 * replicas / (replicas + wish.champions))
