"""The pods of a cluster: one template for each part. Pure functions of the spec.

A template is what decides whether pods are replaced, so nothing is in it that may change without
that need: settings are in a ConfigMap named by its content, Secrets count by a hash of the values
used, and whatever is only for people stands on the Deployment.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from informers.meta.codec import encode, to_builtins
from reconcilers.penin.api.operation import SecretKey
from reconcilers.penin.api.spec import Resources
from reconcilers.penin.api.v1alpha1 import PeninOmegaClusterSpec
from reconcilers.penin.cluster.services import REDIS, SERVICES, Role

SETTINGS: Final = "/etc/penin/config.json"
SECRETS_HASH: Final = "penin.ai/secrets"
_USER: Final = 65532
_REDIS_IMAGE: Final = "docker.io/library/redis:7.4-alpine"
_REDIS_SHARE: Final = 0.75
_REDIS_START: Final = """\
printf 'requirepass %s\\n' "$REDIS_PASSWORD" | exec redis-server - \
--dir /data --save '' --appendonly no --maxmemory {maxmemory} --maxmemory-policy allkeys-lru"""

Body = dict[str, Any]


@attrs.frozen(kw_only=True)
class Wanted:
    """What the pods of a cluster follow from.

    `secrets` has a hash of the secret values that a part uses, `configs` the name of its ConfigMap.
    `redis_password` is where the password of Redis stands.
    """

    cluster: str
    spec: PeninOmegaClusterSpec
    secrets: Mapping[str, str]
    configs: Mapping[str, str]
    redis_password: SecretKey

    @property
    def has_redis(self) -> bool:
        """Whether the cluster has a Redis of its own."""
        cache = self.spec.storage.cache
        return cache.enabled and cache.type == "redis"


def template(wanted: Wanted, role: Role) -> Body:
    """Return the pod template of a part."""
    of_redis = role is REDIS
    annotations = {SECRETS_HASH: wanted.secrets[role.key]} if wanted.secrets.get(role.key) else {}
    if wanted.spec.observability.metrics and not of_redis:
        annotations |= {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(role.port),
            "prometheus.io/path": "/metrics",
        }
    metadata: Body = {"labels": role.pod_labels(wanted.cluster)}
    if annotations:
        metadata["annotations"] = annotations
    container = _redis(wanted) if of_redis else _service(wanted, role)
    return {"metadata": metadata, "spec": _pod(wanted, role, container)}


def _pod(wanted: Wanted, role: Role, container: Body) -> Body:
    volumes: list[Body] = [{"name": "tmp", "emptyDir": {}}]
    if role is REDIS:
        volumes.append({"name": "data", "emptyDir": {}})
    else:
        config = {"name": wanted.configs[role.key]}
        volumes.append({"name": "config", "configMap": config})
    pod: Body = {
        "serviceAccountName": role.child(wanted.cluster),
        "automountServiceAccountToken": role.uses_api_server,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    }
    placement = wanted.spec.placement
    if placement.node_selector:
        pod["nodeSelector"] = dict(placement.node_selector)
    if placement.spread and role is not REDIS:
        pod["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": role.labels(wanted.cluster)},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ]
    if wanted.spec.images.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in wanted.spec.images.pull_secrets]
    return pod


def _container(wanted: Wanted, name: str, *, image: str, port: int, resources: Resources) -> Body:
    """Return what all containers have in common; it passes Pod Security `restricted`."""
    amounts = {"cpu": str(resources.cpu), "memory": str(resources.memory)}
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": wanted.spec.images.pull_policy,
        "ports": [{"name": "http" if name != "redis" else "redis", "containerPort": port}],
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _service(wanted: Wanted, role: Role) -> Body:
    spec = wanted.spec
    resources: Resources = getattr(spec.resources, role.field)
    health = {"httpGet": {"path": "/health", "port": "http"}}
    return _container(
        wanted, role.label, image=image(wanted, role), port=role.port, resources=resources
    ) | {
        "env": _environment(wanted, role),
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's own
            {"name": "config", "mountPath": SETTINGS.rpartition("/")[0], "readOnly": True},
        ],
        "startupProbe": health | {"periodSeconds": 1, "failureThreshold": 120},
        "readinessProbe": health | {"periodSeconds": 5, "timeoutSeconds": 3},
        "livenessProbe": health | {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": 2}}},
    }


def image(wanted: Wanted, role: Role) -> str:
    """Return the image of a part: its own, or that of the release."""
    images = wanted.spec.images
    own = getattr(images.services, role.field)
    if isinstance(own, str):
        return own
    if role is REDIS:
        return _REDIS_IMAGE
    return f"{images.registry.rstrip('/')}/penin-{role.label}:{wanted.spec.version}"


def _environment(wanted: Wanted, role: Role) -> list[Body]:
    plain = {
        "PENIN_CLUSTER": wanted.cluster,
        "PENIN_SERVICE": role.label,
        "PENIN_PORT": str(role.port),
        "PENIN_CONFIG": SETTINGS,
    }
    found: list[Body] = [{"name": name, "value": value} for name, value in plain.items()]
    # With the version that the server would put there: a reference is replaced whole, so one that
    # it completes could not be told from what we want after a restart.
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    found.append({"name": "PENIN_NAMESPACE", "valueFrom": {"fieldRef": field}})
    if role.uses_openai:
        found.append(_secret("OPENAI_API_KEY", wanted.spec.secrets.openai_api_key, optional=True))
    if wanted.has_redis:
        found.append(_secret("REDIS_PASSWORD", wanted.redis_password))
    return found


def _secret(variable: str, key: SecretKey, *, optional: bool = False) -> Body:
    reference: Body = {"name": key.name, "key": key.key}
    if optional:
        reference["optional"] = True
    return {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def _redis(wanted: Wanted) -> Body:
    cache = wanted.spec.storage.cache
    maxmemory = int(cache.resources.memory.value() * _REDIS_SHARE)
    ping = {"exec": {"command": ["sh", "-c", 'test "$(redis-cli ping)" = PONG']}}
    return _container(
        wanted, "redis", image=image(wanted, REDIS), port=REDIS.port, resources=cache.resources
    ) | {
        # The password goes in by a pipe: arguments can be read by everybody on the node.
        "command": ["sh", "-c", _REDIS_START.format(maxmemory=maxmemory)],
        "env": [
            _secret("REDIS_PASSWORD", wanted.redis_password),
            _secret("REDISCLI_AUTH", wanted.redis_password),
        ],
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's own
            {"name": "data", "mountPath": "/data"},
        ],
        "startupProbe": ping | {"periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": ping | {"periodSeconds": 5, "timeoutSeconds": 3},
        "livenessProbe": ping | {"periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
    }


def config(wanted: Wanted, role: Role) -> str:
    """Return the settings that a service reads, as the file it finds them in."""
    spec, cluster = wanted.spec, wanted.cluster
    observability = spec.observability
    told: Body = {
        "config": role.told(to_builtins(spec.config)),
        "logging": {"level": observability.logging.level},
        "tracing": {
            "enabled": observability.tracing and bool(observability.tracing_endpoint),
            "endpoint": observability.tracing_endpoint,
        },
        "cache": _cache(wanted),
        "peers": {
            each.key: f"http://{each.child(cluster)}:{each.port}"
            for each in SERVICES
            if each is not role
        },
    }
    return encode(told, sort_keys=True).decode()


def _cache(wanted: Wanted) -> Body:
    if wanted.has_redis:
        return {"type": "redis", "host": REDIS.child(wanted.cluster), "port": REDIS.port}
    return {"type": "memory" if wanted.spec.storage.cache.enabled else "none"}
