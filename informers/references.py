"""Who mentions this Secret or ConfigMap.

    pods.mentioning(SECRET, "default", "password")  # pods: a Lister

A pod that mounts a Secret, an Ingress that serves a certificate, a volume whose driver needs a
password: each names it in a field, and a controller that cares for the object wants to hear when
the Secret changes. Which fields of the built-in kinds those are is a table of paths; a kind of
one's own declares its own:

    informer.store.add_index(MENTIONS, Mentions(Field(SECRET, "spec.tls.secretName")))

An object is decoded for this only where the index was asked for. What is mentioned need not exist:
that it is missing may be just what one waits for.
"""

from collections.abc import Iterable
from typing import Any, Final

import attrs
import msgspec

from informers.meta.builtin import CONFIG_MAP, SECRET
from informers.meta.errors import UNREADABLE
from informers.meta.kinds import Kind
from informers.request import object_key
from informers.shared import Informer
from informers.snapshot import Snapshot

MENTIONS: Final = "mentions"
_EACH: Final = "[]"
_Json = Any


@attrs.frozen
class Field:
    """A field that names an object of a kind.

    In its path `[]` stands for every item of a list, or every value of a map. What is mentioned is
    in the object's own namespace, unless a field beside the name tells another.
    """

    kind: Kind
    path: str
    namespace: str = attrs.field(default="", kw_only=True)
    """What that field beside it is called."""


@attrs.define
class _Node:
    """A place in an object: the fields that end here, and the places below."""

    fields: list[Field] = attrs.field(factory=list)
    below: dict[str, "_Node"] = attrs.field(factory=dict)


class Mentions:
    """An indexer: what the fields of an object mention, as `Kind/namespace/name`."""

    def __init__(self, *fields: Field) -> None:
        self._root = _Node()
        for field in fields:
            node = self._root
            for step in field.path.replace(_EACH, f".{_EACH}").split("."):
                node = node.below.setdefault(step, _Node())
            node.fields.append(field)

    def __call__(self, snapshot: Snapshot) -> Iterable[str]:
        """Decode the object and follow the fields, as far as they are there."""
        try:
            tree = msgspec.json.decode(snapshot.raw)
        except UNREADABLE:
            # What nobody can read mentions nothing; its kind's controller will say so.
            return ()
        found: dict[str, None] = {}
        _gather(self._root, tree, {}, snapshot.meta.namespace, found)
        return found


def _gather(
    node: _Node, tree: _Json, beside: _Json, namespace: str, found: dict[str, None]
) -> None:
    """Collect what the fields from here on mention; `beside` holds the tree itself."""
    for field in node.fields:
        if tree and isinstance(tree, str):
            said = beside.get(field.namespace) if isinstance(beside, dict) else ""
            found[_value(field.kind, object_key(said or namespace, tree))] = None
    for step, below in node.below.items():
        for inner in _inner(tree, step):
            _gather(below, inner, tree, namespace, found)


def _inner(tree: _Json, step: str) -> Iterable[_Json]:
    """What one step of a path leads to; nothing where the object looks otherwise."""
    if step == _EACH:
        return tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ()
    return (tree[step],) if isinstance(tree, dict) and step in tree else ()


def keys_mentioning(informer: Informer, kind: Kind, key: str) -> list[str]:
    """The keys of the cached objects that mention the object of this kind and key.

    Raises:
        ValueError: If no index can tell, with the remedy.
    """
    store = informer.store
    if not store.has_index(MENTIONS):
        store.add_index(MENTIONS, _mentions_of(informer))
    return store.index_keys(MENTIONS, _value(kind, key))


def pod_fields(at: str) -> tuple[Field, ...]:
    """The fields of a pod's specification that stands at this path of an object."""
    named = [(SECRET, path) for path in _POD_SECRETS]
    named += [(CONFIG_MAP, path) for path in _POD_CONFIG_MAPS]
    for containers in ("containers[]", "initContainers[]", "ephemeralContainers[]"):
        named += [(kind, f"{containers}.{path}") for kind, path in _CONTAINER]
    return tuple(Field(kind, f"{at}.{path}") for kind, path in named)


def _mentions_of(informer: Informer) -> Mentions:
    kind = informer.source.kind
    if not informer.is_whole:
        raise ValueError(f"{kind}: a metadata-only cache cannot tell; acquire the whole kind")
    fields = _BUILT_IN.get(kind.resource)
    if fields is None:
        raise ValueError(
            f"{kind}: say which of its fields mention others, by "
            "`informer.store.add_index(MENTIONS, Mentions(Field(kind, path), …))`"
        )
    return Mentions(*fields)


def _value(kind: Kind, key: str) -> str:
    return f"{kind.kind}/{key}"


_POD_SECRETS: Final = (
    "imagePullSecrets[].name",
    "volumes[].secret.secretName",
    "volumes[].projected.sources[].secret.name",
    "volumes[].csi.nodePublishSecretRef.name",
    "volumes[].azureFile.secretName",
    "volumes[].cephfs.secretRef.name",
    "volumes[].cinder.secretRef.name",
    "volumes[].flexVolume.secretRef.name",
    "volumes[].iscsi.secretRef.name",
    "volumes[].rbd.secretRef.name",
    "volumes[].scaleIO.secretRef.name",
    "volumes[].storageos.secretRef.name",
)
_POD_CONFIG_MAPS: Final = (
    "volumes[].configMap.name",
    "volumes[].projected.sources[].configMap.name",
)
_CONTAINER: Final = (
    (SECRET, "env[].valueFrom.secretKeyRef.name"),
    (SECRET, "envFrom[].secretRef.name"),
    (CONFIG_MAP, "env[].valueFrom.configMapKeyRef.name"),
    (CONFIG_MAP, "envFrom[].configMapRef.name"),
)
_VOLUME_SECRETS: Final = (
    "csi.controllerPublishSecretRef",
    "csi.controllerExpandSecretRef",
    "csi.nodeStageSecretRef",
    "csi.nodePublishSecretRef",
    "csi.nodeExpandSecretRef",
    "cephfs.secretRef",
    "cinder.secretRef",
    "flexVolume.secretRef",
    "iscsi.secretRef",
    "rbd.secretRef",
    "scaleIO.secretRef",
    "storageos.secretRef",
)
_VOLUME: Final = (
    *(Field(SECRET, f"spec.{at}.name", namespace="namespace") for at in _VOLUME_SECRETS),
    Field(SECRET, "spec.azureFile.secretName", namespace="secretNamespace"),
)
_TEMPLATE: Final = pod_fields("spec.template.spec")
_BUILT_IN: Final = {
    "pods": pod_fields("spec"),
    "podtemplates": pod_fields("template.spec"),
    "replicationcontrollers": _TEMPLATE,
    "deployments.apps": _TEMPLATE,
    "replicasets.apps": _TEMPLATE,
    "statefulsets.apps": _TEMPLATE,
    "daemonsets.apps": _TEMPLATE,
    "jobs.batch": _TEMPLATE,
    "cronjobs.batch": pod_fields("spec.jobTemplate.spec.template.spec"),
    "serviceaccounts": (
        Field(SECRET, "secrets[].name"),
        Field(SECRET, "imagePullSecrets[].name"),
    ),
    "ingresses.networking.k8s.io": (Field(SECRET, "spec.tls[].secretName"),),
    "persistentvolumes": _VOLUME,
}
