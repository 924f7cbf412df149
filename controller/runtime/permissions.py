"""What the runtime itself asks of the API server, each with its reason; families declare theirs.

What an option needs has a role of its own, so that nobody grants it who does not use it.
Grants inside the manager's own namespace (`OWN_NAMESPACE`) are a Role, the others a ClusterRole.
In `--namespaces` mode there is no ClusterRole: what lives outside namespaces is then not available
and the manager says which feature that turns off.
"""

from typing import Final

from controller.runtime.registration import READ, Permission, Verb
from informers.meta.builtin import (
    CRD,
    EVENT,
    LEASE,
    MUTATING_WEBHOOK,
    SECRET,
    SUBJECT_ACCESS_REVIEW,
    TOKEN_REVIEW,
    VALIDATING_WEBHOOK,
)
from informers.meta.kinds import Kind

MANAGER: Final = "pentad"
CERTIFICATES: Final = "pentad-webhook-certificates"

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
    *(
        Permission(
            group=kind.group,
            resources=(kind.plural,),
            verbs=(*READ, "patch"),
            names=(MANAGER,),
            namespaced=False,
            reason="The webhooks' CA bundle is kept current while certificates rotate.",
        )
        for kind in (VALIDATING_WEBHOOK, MUTATING_WEBHOOK)
    ),
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


OWN_NAMESPACE: Final[tuple[Permission, ...]] = (
    *_named(
        LEASE,
        MANAGER,
        verbs=("get", "update"),
        reason="The replicas elect their leader through this Lease.",
    ),
    *_named(
        SECRET,
        CERTIFICATES,
        verbs=(*READ, "update"),
        reason="The webhooks' certificate authority survives restarts.",
    ),
)
