"""What an installation can have beyond: kustomize components, each beside the installation.

A component is a patch of the workload and the objects that go with it; those who want it write

    resources: [manifests/install/pentad]
    components: [manifests/install/pentad/cert-manager]

Each is written for one installation with its names in full, so that none of it has to be guessed
or replaced.
"""

from collections.abc import Iterable
from typing import Any, Final

import attrs

from hack.gen import rbac, webhook, workload
from hack.gen.workload import LABEL, Document, Workload

CERTIFICATES: Final = "/certificates"
_ISSUERS: Final = "cert-manager.io/v1"
_MONITORS: Final = "monitoring.coreos.com/v1"
_DELETE: Final = "$patch"
CHANGES: Final = "changes.yaml"


@attrs.frozen(kw_only=True)
class Component:
    """A folder of its own: what it brings, and what it changes."""

    name: str
    brings: tuple[Document, ...] = ()
    changes: tuple[Document, ...] = ()
    takes_away: tuple[Document, ...] = ()


def components(made_for: Workload) -> tuple[Component, ...]:
    """Return everything that can be added to an installation."""
    found = (metrics_auth(made_for), service_monitor(made_for), namespaces(made_for))
    return (*found, cert_manager(made_for)) if made_for.has_webhooks else found


def metrics_auth(made_for: Workload) -> Component:
    """Metrics for those who may read them: their tokens are checked."""
    return Component(
        name="metrics-auth",
        brings=tuple(rbac.metrics_auth_roles(made_for.at)),
        changes=(_with_settings(made_for, PENTAD_METRICS_AUTH="true"),),
    )


def service_monitor(made_for: Workload) -> Component:
    """Prometheus finds the metrics by its operator."""
    return Component(name="service-monitor", brings=(monitor(made_for),))


def monitor(made_for: Workload) -> Document:
    """Return the ServiceMonitor; every replica is scraped, as each has figures of its own."""
    labels = made_for.selector | {f"{LABEL}/component": "metrics"}
    return {
        "apiVersion": _MONITORS,
        "kind": "ServiceMonitor",
        "metadata": _named(made_for, made_for.at.name),
        "spec": {
            "selector": {"matchLabels": labels},
            "endpoints": [{"port": "metrics", "path": "/metrics", "interval": "30s"}],
        },
    }


def namespaces(made_for: Workload) -> Component:
    """Roles of single namespaces instead of the cluster's; which ones is for the user to say.

    Whom to trust can only be published with the cluster's roles, so there are no webhooks.
    """
    said = {"PENTAD_NAMESPACES": made_for.at.namespace}
    unserved: list[Document] = []
    if made_for.has_webhooks:
        said["PENTAD_WEBHOOKS"] = "off"
        unserved += rbac.certificate_roles(made_for.at)
        unserved += webhook.configurations(made_for.families, made_for.at)
        unserved += workload.services(made_for)[1:]
    return Component(
        name="namespaces",
        changes=(_with_settings(made_for, **said),),
        takes_away=(
            *(each for each in cluster_wide(made_for) if _is_of_the_manager(each)),
            *unserved,
        ),
    )


def cluster_wide(made_for: Workload) -> list[Document]:
    """Return the roles of an installation that are the whole cluster's."""
    at = made_for.at
    found = rbac.runtime_roles(at) + (rbac.webhook_roles(at) if made_for.has_webhooks else [])
    for family in made_for.families:
        found += rbac.family_roles(family, scope="ClusterRole", at=at)
        found += rbac.user_roles(family, at=at)
    return found


def lent(made_for: Workload) -> list[Document]:
    """Return the roles that its controllers bind to others, wherever it works."""
    return [role for family in made_for.families for role in rbac.lent_roles(family)]


def own(made_for: Workload) -> list[Document]:
    """Return the roles that it needs in its own namespace."""
    at = made_for.at
    kept = rbac.certificate_roles(at) if made_for.has_webhooks else []
    return rbac.own_runtime_roles(at) + kept


def per_namespace(made_for: Workload) -> list[Document]:
    """Return the roles that it needs in each namespace it works in, without the cluster's."""
    at = made_for.at
    found = rbac.namespaced_runtime_roles(at)
    for family in made_for.families:
        found += rbac.family_roles(family, scope="Role", at=at)
    return found


def _is_of_the_manager(role: Document) -> bool:
    return "aggregate" not in str(role["metadata"].get("labels", ""))


def cert_manager(made_for: Workload) -> Component:
    """Certificates by cert-manager, which also publishes whom to trust; the manager may neither."""
    at = made_for.at
    mounted = {"name": "certificates", "mountPath": CERTIFICATES, "readOnly": True}
    volume = {"name": "certificates", "secret": {"secretName": at.certificates}}
    patch = _with_settings(made_for, PENTAD_WEBHOOK_CERT_DIR=CERTIFICATES)
    pod = patch["spec"]["template"]["spec"]
    pod["containers"][0]["volumeMounts"] = [mounted]
    pod["volumes"] = [volume]
    unneeded = [*rbac.webhook_roles(at), *rbac.certificate_roles(at)]
    return Component(
        name="cert-manager",
        brings=tuple(issued(made_for)),
        changes=(patch, *_injected(made_for)),
        takes_away=tuple(unneeded),
    )


def issued(made_for: Workload) -> Iterable[Document]:
    """Yield what cert-manager is asked for: a certificate that signs itself."""
    at = made_for.at
    host = f"{at.service}.{at.namespace}.svc"
    yield {
        "apiVersion": _ISSUERS,
        "kind": "Issuer",
        "metadata": _named(made_for, at.service),
        "spec": {"selfSigned": {}},
    }
    yield {
        "apiVersion": _ISSUERS,
        "kind": "Certificate",
        "metadata": _named(made_for, at.service),
        "spec": {
            "secretName": at.certificates,
            "dnsNames": [host, f"{host}.cluster.local"],
            "issuerRef": {"kind": "Issuer", "name": at.service},
            "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        },
    }


def _injected(made_for: Workload) -> Iterable[Document]:
    at = made_for.at
    modes = {webhook.mode for family in made_for.families for webhook in family.webhooks}
    note = {"cert-manager.io/inject-ca-from": f"{at.namespace}/{at.service}"}
    for mode, kind in (("mutate", "Mutating"), ("validate", "Validating")):
        if mode in modes:
            yield {
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": f"{kind}WebhookConfiguration",
                "metadata": {"name": at.name, "annotations": note},
            }


def _named(made_for: Workload, name: str) -> Document:
    return {"name": name, "namespace": made_for.at.namespace, "labels": made_for.labels}


def _with_settings(made_for: Workload, **said: str) -> Document:
    """Return the patch that adds environment variables to the manager."""
    env = [{"name": name, "value": value} for name, value in said.items()]
    at = made_for.at
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": at.name, "namespace": at.namespace},
        "spec": {"template": {"spec": {"containers": [{"name": "manager", "env": env}]}}},
    }


def removal(document: Document) -> Document:
    """Return the patch that takes an object away."""
    metadata: dict[str, Any] = {
        key: document["metadata"][key]
        for key in ("name", "namespace")
        if key in document["metadata"]
    }
    return {
        _DELETE: "delete",
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "metadata": metadata,
    }


def kustomization(component: Component) -> Document:
    """Return the component's own description.

    Each removal is a patch of its own: kustomize 5.5, of kubectl 1.32, ends on several in one file.
    """
    patches = [{"path": CHANGES}] if component.changes else []
    patches += [{"patch": _on_a_line(removal(each))} for each in component.takes_away]
    brought = {"resources": ["objects.yaml"]} if component.brings else {}
    return {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        **brought,
        **({"patches": patches} if patches else {}),
    }


def _on_a_line(content: Document | str) -> str:
    """Return what needs no quotes, as names do not, in YAML on one line."""
    if isinstance(content, str):
        return content
    return f"{{{', '.join(f'{key}: {_on_a_line(part)}' for key, part in content.items())}}}"
