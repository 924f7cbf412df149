"""Who may talk to whom under NetworkPolicies: their rules, as the API defines them.

A pure judge for places where no network enforces them. Policies add up: a pod that none selects is
open, one that some select may do what any of them allows; a connection needs the source's leave to
go out and the target's to let in. What this does not know (blocks of addresses, ranges and names of
ports) it refuses to judge.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import attrs

Body = Mapping[str, Any]
Direction = Literal["Ingress", "Egress"]
_PEER: Final = {"podSelector", "namespaceSelector"}
_PORT: Final = {"protocol", "port"}


@attrs.frozen(kw_only=True)
class Party:
    """A pod, or without a namespace somebody outside of the cluster whom no policy selects."""

    namespace: str = ""
    labels: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def surroundings(self) -> dict[str, str]:
        """The labels of its namespace: the one that every namespace has."""
        return {"kubernetes.io/metadata.name": self.namespace}


def may_reach(
    policies: Sequence[Body], source: Party, target: Party, port: int, *, protocol: str = "TCP"
) -> bool:
    """Whether a connection is allowed; policies name the namespaces that they are in."""
    goes = _allows(policies, "Egress", of=source, other=target, port=port, protocol=protocol)
    comes = _allows(policies, "Ingress", of=target, other=source, port=port, protocol=protocol)
    return goes and comes


def _allows(
    policies: Iterable[Body],
    direction: Direction,
    *,
    of: Party,
    other: Party,
    port: int,
    protocol: str,
) -> bool:
    mine = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == of.namespace
        and direction in policy["spec"]["policyTypes"]
        and _matches(policy["spec"]["podSelector"], of.labels)
    ]
    rules = [rule for spec in mine for rule in spec.get(direction.lower(), ())]
    way = "from" if direction == "Ingress" else "to"
    return not mine or any(
        _is_peer(rule.get(way, ()), of.namespace, other)
        and _is_port(rule.get("ports", ()), port, protocol)
        for rule in rules
    )


def _is_peer(peers: Sequence[Body], home: str, other: Party) -> bool:
    """Whether a rule speaks of somebody; one that names nobody speaks of everybody."""
    return not peers or any(all(_about(peer, home, other)) for peer in peers)


def _about(peer: Body, home: str, other: Party) -> Iterator[bool]:
    assert peer.keys() <= _PEER, f"cannot judge {sorted(peer.keys() - _PEER)}"
    yield bool(other.namespace)
    if "namespaceSelector" in peer:
        yield _matches(peer["namespaceSelector"], other.surroundings)
    else:
        yield other.namespace == home
    yield _matches(peer.get("podSelector", {}), other.labels)


def _is_port(ports: Sequence[Body], port: int, protocol: str) -> bool:
    for each in ports:
        assert each.keys() <= _PORT, f"cannot judge {sorted(each.keys() - _PORT)}"
        assert isinstance(each["port"], int), f"cannot judge {each['port']}"
    return not ports or (protocol, port) in {
        (each.get("protocol", "TCP"), each["port"]) for each in ports
    }


def _matches(selector: Body, labels: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}, f"cannot judge {sorted(selector)}"
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
