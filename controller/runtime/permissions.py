"""What the runtime itself asks of the API server, each with its reason; families declare theirs.

What an option needs has a role of its own, so that nobody grants it who does not use it.
Grants inside the manager's own namespace are a Role, the others a ClusterRole.
In `--namespaces` mode there is no ClusterRole: what lives outside namespaces is then not available
and the manager says which feature that turns off.

Some grants are of single objects, whose names are those of one `Installation`.
"""

from typing import Final

import attrs

from controller.runtime.registration import READ, Permission, Verb
from informers.meta.builtin import (
    CRD,
    EVENT,
    LEASE,
    MUTATING_WEBHOOK,
    POD,
    SECRET,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REVIEW,
    VALIDATING_WEBHOOK,
)
from informers.meta.kinds import Kind

MANAGER: Final = "pentad"


def certificates_of(service: str) -> str:
    """Return the Secret in which replicas behind a Service keep their certificates."""
    return f"{service}-certificates"


@attrs.frozen(kw_only=True)
class Installation:
    """What the objects of one installation are called, so that a cluster may hold several."""

    name: str = MANAGER
    namespace: str = "pentad-system"

    @property
    def service(self) -> str:
        """The Service in front of the webhooks."""
        return f"{self.name}-webhook"

    @property
    def certificates(self) -> str:
        """The Secret of the webhooks' certificates."""
        return certificates_of(self.service)


DEFAULT: Final = Installation()
CERTIFICATES: Final = DEFAULT.certificates

EVERYWHERE: Final[tuple[Permission, ...]] = (
    Permission(
        group=EVENT.group,
        resources=(EVENT.plural,),
        verbs=("create", "patch"),
        reason="Events tell users what was done to their objects; repeated ones are counted up.",
    ),
    Permission.read(
        CRD, reason="A kind whose CRD is missing is waited for; its informer starts with it."
    ),
)
"""Needed in every namespace that is worked in, and beside them."""


def webhooks(at: Installation = DEFAULT) -> tuple[Permission, ...]:
    """Return what publishing the certificates takes; with `--webhook-cert-dir` others do it."""
    return tuple(
        Permission(
            group=kind.group,
            resources=(kind.plural,),
            verbs=(*READ, "patch"),
            names=(at.name,),
            namespaced=False,
            reason="The webhooks' CA bundle is kept current while certificates rotate.",
        )
        for kind in (VALIDATING_WEBHOOK, MUTATING_WEBHOOK)
    )


METRICS_AUTH: Final[tuple[Permission, ...]] = (
    Permission(
        group=TOKEN_REVIEW.group,
        resources=(TOKEN_REVIEW.plural,),
        verbs=("create",),
        namespaced=False,
        reason="Who scrapes the metrics is found out from the bearer token.",
    ),
    Permission(
        group=SUBJECT_ACCESS_REVIEW.group,
        resources=(SUBJECT_ACCESS_REVIEW.plural,),
        verbs=("create",),
        namespaced=False,
        reason="Whether they may read the metrics is asked of the cluster.",
    ),
)
"""Needed with `--metrics-auth` alone, and cluster-wide however few namespaces are worked in."""


def _named(
    kind: Kind, name: str, *, verbs: tuple[Verb, ...], reason: str
) -> tuple[Permission, ...]:
    """One object by name; RBAC cannot limit `create` to a name, as it is not known yet."""
    create = Permission(
        group=kind.group, resources=(kind.plural,), verbs=("create",), reason=reason
    )
    keep = Permission(
        group=kind.group,
        resources=(kind.plural,),
        verbs=verbs,
        names=(name,),
        reason=reason,
    )
    return create, keep


def election(at: Installation = DEFAULT) -> tuple[Permission, ...]:
    """Return what the replicas need in their own namespace: to agree on who works, and on what."""
    own_pod = Permission(
        group=POD.group,
        resources=(POD.plural,),
        verbs=("get",),
        reason="Its pod tells the image that ledger-writers are to be started from, too.",
    )
    lease = _named(
        LEASE,
        at.name,
        verbs=("get", "update"),
        reason="The replicas elect their leader through this Lease.",
    )
    return (*lease, own_pod)


def certificates(at: Installation = DEFAULT) -> tuple[Permission, ...]:
    """Return what they need there for webhook certificates of their own."""
    return _named(
        SECRET,
        at.certificates,
        verbs=(*READ, "update"),
        reason="The webhooks' certificate authority survives restarts.",
    )
