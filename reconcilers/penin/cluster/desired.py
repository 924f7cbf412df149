"""What a PeninOmegaCluster should have: pure functions of its spec and of the plan of its rollout.

Children have deterministic names, so that applying twice makes nothing twice, and only the fields
this controller wants to own: defaults and other people's fields stay theirs.
"""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from informers.meta.codec import encode
from reconcilers.penin.cluster.pods import Wanted, config, template
from reconcilers.penin.cluster.services import APP, EVERYTHING, REDIS, SERVICES, Role
from reconcilers.penin.ledger.entries import PORT as LEDGER_PORT

SETTINGS_HASH: Final = "penin.ai/settings"
REVISION: Final = "penin.ai/revision"
_HASH_LENGTH: Final = 10
_DNS: Final = 53
_HTTPS: Final = (443, 6443)

Body = dict[str, Any]


def digest(content: object) -> str:
    """Return a short name for a content, the same wherever it is computed."""
    raw = encode(content, sort_keys=True)
    return hashlib.blake2b(raw, digest_size=_HASH_LENGTH // 2).hexdigest()


def roles(wanted: Wanted) -> tuple[Role, ...]:
    """Return the parts that the cluster has, in the order of a rollout."""
    return EVERYTHING if wanted.has_redis else SERVICES


def labels(cluster: str) -> dict[str, str]:
    """Return the labels of what belongs to a cluster as a whole."""
    return {"app": APP, "cluster": cluster}


@attrs.frozen(kw_only=True)
class Part:
    """What one part is given in a rollout: its settings and the pods that follow from them."""

    config: str
    template: Body

    @functools.cached_property
    def hash(self) -> str:
        """Name this content."""
        return digest(self.template)


def named_configs(cluster: str, contents: Mapping[str, str]) -> dict[str, str]:
    """Return the name of each part's ConfigMap, which changes with its content."""
    by_key = {role.key: role for role in EVERYTHING}
    return {
        key: f"{by_key[key].child(cluster)}-{digest(content)}" for key, content in contents.items()
    }


def parts(wanted: Wanted) -> dict[str, Part]:
    """Return what every part is to have in the end, in the order of a rollout."""
    contents = {role.key: config(wanted, role) for role in SERVICES}
    complete = attrs.evolve(wanted, configs=named_configs(wanted.cluster, contents))
    return {
        role.key: Part(config=contents.get(role.key, ""), template=template(complete, role))
        for role in roles(wanted)
    }


def config_map(cluster: str, role: Role, content: str) -> Body:
    """Return the settings of a service; what they say never changes under a pod's feet."""
    (name,) = named_configs(cluster, {role.key: content}).values()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": role.labels(cluster)},
        "immutable": True,
        "data": {"config.json": content},
    }


def deployment(wanted: Wanted, role: Role, part: Part, *, replicas: int | None) -> Body:
    """Return the workload of a part; without a number somebody else decides its replicas.

    Nothing stands on it that a change of another part would change: an annotation is enough for a
    Deployment to count as changed.
    """
    cluster = wanted.cluster
    spec: Body = {
        "selector": {"matchLabels": role.pod_labels(cluster)},
        "template": part.template,
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": max(1, round(wanted.spec.rollout.progress_deadline.seconds)),
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
        },
    }
    if role is REDIS:
        spec["strategy"] = {"type": "Recreate"}
    if replicas is not None:
        spec["replicas"] = replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": role.child(cluster),
            "labels": role.labels(cluster),
            "annotations": {SETTINGS_HASH: part.hash},
        },
        "spec": spec,
    }


def replicas(wanted: Wanted, role: Role) -> int | None:
    """Return how many pods a part is to have, None if an autoscaler decides."""
    if role is REDIS:
        return 1
    if is_scaled(wanted, role):
        return None
    number: int = getattr(wanted.spec.replicas, role.field)
    return number


def is_scaled(wanted: Wanted, role: Role) -> bool:
    """Whether an autoscaler decides how many pods a part has."""
    scaling = wanted.spec.auto_scaling
    return scaling.enabled and role.key in scaling.services


def service(wanted: Wanted, role: Role) -> Body:
    """Return the address of a part."""
    name = "redis" if role is REDIS else "http"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": role.child(wanted.cluster), "labels": role.labels(wanted.cluster)},
        "spec": {
            "selector": role.labels(wanted.cluster),
            "ports": [{"name": name, "port": role.port, "targetPort": name}],
        },
    }


def account(wanted: Wanted, role: Role) -> Body:
    """Return who the pods of a part are; only SR-Ω∞ is anybody to the API server."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": role.child(wanted.cluster), "labels": role.labels(wanted.cluster)},
        "automountServiceAccountToken": False,
    }


def autoscaler(wanted: Wanted, role: Role) -> Body:
    """Return what decides how many pods a part has."""
    scaling = wanted.spec.auto_scaling
    targets = {"cpu": scaling.target_cpu, "memory": scaling.target_memory}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": role.child(wanted.cluster), "labels": role.labels(wanted.cluster)},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": role.child(wanted.cluster),
            },
            "minReplicas": scaling.min_replicas,
            "maxReplicas": scaling.max_replicas,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": name,
                        "target": {"type": "Utilization", "averageUtilization": per_cent},
                    },
                }
                for name, per_cent in targets.items()
            ],
        },
    }


def disruption_budget(wanted: Wanted, role: Role) -> Body:
    """Return how many pods of a part may be drained at a time: one."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": role.child(wanted.cluster), "labels": role.labels(wanted.cluster)},
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": role.labels(wanted.cluster)},
        },
    }


def needs_budget(wanted: Wanted, role: Role) -> bool:
    """Whether a part has several pods: a budget for a single one would only block drains."""
    if not wanted.spec.placement.disruption_budgets or role is REDIS:
        return False
    number = replicas(wanted, role)
    return (wanted.spec.auto_scaling.min_replicas if number is None else number) > 1


def network_policy(wanted: Wanted, *, operator_namespace: str) -> Body:
    """Return who may talk to the pods: the printed policy, with what it forgets added.

    That is name resolution, monitoring, the operator that reads /metrics, and HTTPS to the outside
    for the models that are asked, and the place where traces are sent.
    """
    cluster = {"podSelector": {"matchLabels": labels(wanted.cluster)}}
    reading: list[Body] = [_pods_of(operator_namespace)]
    monitoring = wanted.spec.network_policy.monitoring_namespace
    reading.append(_pods_of(monitoring) if monitoring else {"namespaceSelector": {}})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": wanted.cluster, "labels": labels(wanted.cluster)},
        "spec": {
            "podSelector": {"matchLabels": labels(wanted.cluster)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [cluster]},
                {"from": reading, "ports": _ports("TCP", _read_ports(wanted))},
            ],
            "egress": [
                {"to": [cluster]},
                {"ports": [*_ports("UDP", (_DNS,)), *_ports("TCP", (_DNS,))]},
                {"ports": _ports("TCP", (*_HTTPS, *_traced(wanted)))},
            ],
        },
    }


def _read_ports(wanted: Wanted) -> Iterable[int]:
    """Return where figures are read: at the services, and at the writer of a ledger."""
    ports = [role.port for role in SERVICES]
    return [*ports, LEDGER_PORT] if wanted.spec.storage.worm_ledger.enabled else ports


def _traced(wanted: Wanted) -> Iterator[int]:
    """Yield the port that traces are sent to, if they are and it is not open anyway."""
    observability = wanted.spec.observability
    try:
        endpoint = urlsplit(observability.tracing_endpoint)
        port = endpoint.port or {"http": 80, "https": 443}.get(endpoint.scheme)
    except ValueError:  # for the services to complain about, who are the ones to send
        return
    if observability.tracing and endpoint.hostname and port and port not in _HTTPS:
        yield port


def _pods_of(namespace: str) -> Body:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def _ports(protocol: str, numbers: Iterable[int]) -> list[Body]:
    return [{"protocol": protocol, "port": number} for number in numbers]


def surroundings(
    wanted: Wanted, parts: Iterable[Role], *, operator_namespace: str
) -> Sequence[Body]:
    """Return all children that no rollout holds back: what pods need, and what finds them."""
    children: list[Body] = []
    for role in parts:
        children += [account(wanted, role), service(wanted, role)]
        if is_scaled(wanted, role):
            children.append(autoscaler(wanted, role))
        if needs_budget(wanted, role):
            children.append(disruption_budget(wanted, role))
    if wanted.spec.network_policy.enabled:
        children.append(network_policy(wanted, operator_namespace=operator_namespace))
    return children
