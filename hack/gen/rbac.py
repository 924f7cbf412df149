"""Roles from registrations: what the runtime and each family may do, each rule with its reason.

Two sets of the same rules, and a user applies one of them:

- cluster-wide: a ClusterRole and its binding per family, and for the runtime;
- `namespaced/`: Roles and RoleBindings without a namespace, applied once to every namespace the
  manager is told of with `--namespaces`; what lives outside namespaces is left out.

What the manager needs in its own namespace, the Lease above all, belongs to both: `manager/`.
`metrics-auth/` is for those who use `--metrics-auth`, with either.

Beside them, per family, the roles of people: view and edit, which the cluster's own roles take up.
No verb and no group is granted by wildcard, and resources only in a group of their own whose names
others choose (custom metrics). Everything is called after the installation it is for; without one,
after the one that hosts all families.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from controller.runtime import permissions
from controller.runtime.permissions import DEFAULT, Installation
from controller.runtime.registration import OWN, READ, Family, Permission
from hack.gen.emitter import Commented

RBAC: Final = "rbac.authorization.k8s.io"
NAMESPACE: Final = DEFAULT.namespace

Document = dict[str, Any]
Scope = Literal["ClusterRole", "Role"]


def runtime_roles(at: Installation = DEFAULT) -> list[Document]:
    """Return what the manager needs whatever it hosts, cluster-wide."""
    return granted("ClusterRole", "runtime", permissions.EVERYWHERE, at=at)


def own_runtime_roles(at: Installation = DEFAULT) -> list[Document]:
    """Return what the manager needs in its own namespace, however far it sees."""
    return granted("Role", "manager", permissions.election(at), at=at, namespace=at.namespace)


def webhook_roles(at: Installation = DEFAULT) -> list[Document]:
    """Return what publishing the webhooks' certificates needs, cluster-wide."""
    return granted("ClusterRole", "webhooks", permissions.webhooks(at), at=at)


def certificate_roles(at: Installation = DEFAULT) -> list[Document]:
    """Return what keeping those certificates needs in the manager's own namespace."""
    grants = permissions.certificates(at)
    return granted("Role", "certificates", grants, at=at, namespace=at.namespace)


def metrics_auth_roles(at: Installation = DEFAULT) -> list[Document]:
    """Return what asking who scrapes the metrics needs; reviews live outside namespaces."""
    return granted("ClusterRole", "metrics-auth", permissions.METRICS_AUTH, at=at)


def namespaced_runtime_roles(at: Installation = DEFAULT) -> list[Document]:
    """Return what the manager needs in every namespace it works in."""
    return granted("Role", "runtime", permissions.EVERYWHERE, at=at)


def family_roles(family: Family, *, scope: Scope, at: Installation = DEFAULT) -> list[Document]:
    """Return what the controllers of a family need."""
    return granted(scope, family.name, family_permissions(family), at=at)


def family_permissions(family: Family) -> tuple[Permission, ...]:
    """Return what follows from the family's kinds, then what it declares."""
    return (*_own_kinds(family), *family.permissions, *(role.lending for role in family.lent))


def lent_roles(family: Family) -> list[Document]:
    """Return the roles that the family's controllers bind to others."""
    return [_role("ClusterRole", role.name, role.permissions) for role in family.lent]


def _own_kinds(family: Family) -> Iterable[Permission]:
    kinds = {type_.definition.kind for type_ in family.kinds}
    for group, namespaced in sorted({(kind.group, kind.namespaced) for kind in kinds}):
        plurals = sorted(
            {k.plural for k in kinds if (k.group, k.namespaced) == (group, namespaced)}
        )
        for subresource, verbs, reason in (
            ("", READ, "Objects are watched."),
            ("/status", ("patch",), "What was found is written to the status."),
            ("/finalizers", ("update",), "Children may hold back the deletion of their owner."),
        ):
            yield Permission(
                group=group,
                resources=tuple(f"{plural}{subresource}" for plural in plurals),
                verbs=verbs,
                reason=reason,
                namespaced=namespaced,
            )


def user_roles(family: Family, *, at: Installation = DEFAULT) -> list[Document]:
    """Return the roles of people, taken up by the cluster's view, edit and admin."""
    resources: dict[str, set[str]] = {}
    for type_ in family.kinds:
        kind = type_.definition.kind
        resources.setdefault(kind.group, set()).add(kind.plural)
    roles: list[Document] = []
    for role, verbs, reason in (
        ("view", READ, "See the objects of this family."),
        ("edit", (*OWN, "update", "deletecollection"), "Create, change and delete them."),
    ):
        labels = {f"{RBAC}/aggregate-to-{role}": "true"}
        if role == "edit":
            labels[f"{RBAC}/aggregate-to-admin"] = "true"
        grants = [
            Permission(group=group, resources=tuple(sorted(plurals)), verbs=verbs, reason=reason)
            for group, plurals in sorted(resources.items())
        ]
        name = f"{at.name}-{family.name}-{role}"
        roles.append(_role("ClusterRole", name, grants, labels=labels))
    return roles


def granted(
    scope: Scope,
    part: str,
    grants: Sequence[Permission],
    *,
    at: Installation = DEFAULT,
    namespace: str = "",
) -> list[Document]:
    """Return the role of a part, and its binding to the manager's ServiceAccount.

    A Role without a namespace goes wherever it is applied, so it leaves out what no namespace has.
    """
    name = f"{at.name}-{part}"
    if scope == "Role":
        grants = [grant for grant in grants if grant.namespaced]
    return [
        _role(scope, name, grants, namespace=namespace),
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": f"{scope}Binding",
            "metadata": _metadata(name, namespace),
            "roleRef": {"apiGroup": RBAC, "kind": scope, "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": at.name, "namespace": at.namespace}],
        },
    ]


def _role(
    scope: Scope,
    name: str,
    grants: Iterable[Permission],
    *,
    namespace: str = "",
    labels: dict[str, str] | None = None,
) -> Document:
    metadata = _metadata(name, namespace) | ({"labels": labels} if labels else {})
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": scope,
        "metadata": metadata,
        "rules": rules(grants),
    }


def rules(grants: Iterable[Permission]) -> list[Commented]:
    """Return the rules of a role, each below its reason."""
    return [Commented(grant.reason, _rule(grant)) for grant in grants]


def _rule(grant: Permission) -> Document:
    rule: Document = {"apiGroups": [grant.group], "resources": list(grant.resources)}
    if grant.names:
        rule["resourceNames"] = list(grant.names)
    return rule | {"verbs": list(grant.verbs)}


def _metadata(name: str, namespace: str) -> dict[str, Any]:
    return {"name": name, "namespace": namespace} if namespace else {"name": name}
