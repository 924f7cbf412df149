"""What an election needs to know: the Lease, the identity, three durations.

A holder may write for `renew_deadline` after it *sent* its last renewal; a standby takes over
`lease` seconds after it *read* it. The difference is the safety margin: it covers requests that
are already on the wire and clocks that run at different rates. The defaults are those of every
Kubernetes component, 15/10/2 s. Who must ride out longer API server outages raises all three.

Leaves to others: reading flags and environment (`controller.config`).
"""

import socket
import uuid

import attrs

from controller.runtime.election.fence import ElectionError

JITTER = 1.2
"""The longest pause between two tries, as a multiple of `retry`."""


class ElectionConfigInvalid(ElectionError):
    """The durations or names cannot give a safe election; the message lists every reason."""


def new_identity() -> str:
    """A holder identity never used before: a restarted process is a new candidate."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"


@attrs.frozen(kw_only=True)
class ElectionConfig:
    """One candidacy for one Lease."""

    name: str
    namespace: str
    identity: str = attrs.field(factory=new_identity)
    lease: int = 15
    renew_deadline: float = 10.0
    retry: float = 2.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be safe, with all reasons at once."""
        if problems := list(self._problems()):
            raise ElectionConfigInvalid("leader election: " + "; ".join(problems))

    def _problems(self) -> list[str]:
        found = [
            f"{field} must not be empty"
            for field in ("name", "namespace", "identity")
            if not getattr(self, field)
        ]
        if self.lease != int(self.lease) or self.lease < 1:
            found.append(f"lease must be whole seconds, at least 1 (is {self.lease})")
        if not self.lease > self.renew_deadline:
            found.append(
                f"lease ({self.lease} s) must be longer than renew_deadline"
                f" ({self.renew_deadline} s): the difference is the safety margin"
            )
        if not self.retry > 0:
            found.append(f"retry must be positive (is {self.retry})")
        elif not self.renew_deadline > JITTER * self.retry:
            found.append(
                f"renew_deadline ({self.renew_deadline} s) must be longer than {JITTER} x retry"
                f" ({JITTER * self.retry:g} s), or one failed try loses the lease"
            )
        return found
