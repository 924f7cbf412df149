"""Who may propose: SR-Ω∞ of each cluster, by a role that the operator binds and does not have."""

from typing import Any, Final

from controller.runtime.registration import LentRole, Permission
from informers.meta.kinds import Kind
from reconcilers.penin.api.proposal import PENIN_PROPOSAL
from reconcilers.penin.cluster.services import SR_OMEGA_INFINITY

ROLE_BINDING: Final = Kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
PROPOSER: Final = "penin-proposer"
LENT: Final = LentRole(
    name=PROPOSER,
    permissions=(
        Permission(
            group=PENIN_PROPOSAL.group,
            resources=(PENIN_PROPOSAL.plural,),
            verbs=("create", "get", "list", "watch"),
            reason="SR-Ω∞ proposes, and reads what became of it.",
        ),
    ),
)


def binding(cluster: str, namespace: str) -> dict[str, Any]:
    """Return what lets SR-Ω∞ of a cluster propose."""
    name = SR_OMEGA_INFINITY.child(cluster)
    return {
        "apiVersion": ROLE_BINDING.api_version,
        "kind": ROLE_BINDING.kind,
        "metadata": {"name": name, "labels": SR_OMEGA_INFINITY.labels(cluster)},
        "roleRef": {"apiGroup": ROLE_BINDING.group, "kind": "ClusterRole", "name": PROPOSER},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }
