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
from msgspec import UNSET, UnsetType

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
            *steps, last = field.path.replace(_EACH, f".{_EACH}").split(".")
            node = self._root
            for step in steps:
                node = node.below.setdefault(step, _Node())
            if field.namespace:
                node.below.setdefault(field.namespace, _Node())
            node.below.setdefault(last, _Node()).fields.append(field)
        self._decode = msgspec.json.Decoder(_shape(self._root)).decode

    def __call__(self, snapshot: Snapshot) -> Iterable[str]:
        """Decode what is needed of the object and follow the fields, as far as they are there."""
        try:
            tree = msgspec.to_builtins(self._decode(snapshot.raw))
        except UNREADABLE:
            tree = _whole(snapshot.raw)
        found: dict[str, None] = {}
        _gather(self._root, tree, {}, snapshot.meta.namespace, found)
        return found


def _shape(node: _Node) -> Any:  # noqa: ANN401 - a type, made here
    """The type of an object that has these fields and nothing else, so that the rest is skipped."""
    if node.fields:
        return Any if node.below else str | None
    if node.below.keys() == {_EACH}:
        return list[_shape(node.below[_EACH])] | None  # type: ignore[misc]  # made at run time
    if not node.below or _EACH in node.below:
        return Any
    names = {f"f{number}": step for number, step in enumerate(node.below)}
    fields = [(name, _shape(node.below[step]) | UnsetType, UNSET) for name, step in names.items()]
    return msgspec.defstruct("Shape", fields, rename=names) | None


def _whole(raw: bytes) -> _Json:
    """All of an object that has another shape; what nobody can read mentions nothing."""
    try:
        return msgspec.json.decode(raw)
    except UNREADABLE:
        return None


def _gather(
    node: _Node, tree: _Json, beside: _Json, namespace: str, found: dict[str, None]
) -> None:
    """Collect what the fields from here on mention; `beside` holds the tree itself."""
    if isinstance(tree, str):
        for field in node.fields if tree else ():
            said = beside.get(field.namespace) if isinstance(beside, dict) else ""
            found[_value(field.kind, object_key(said or namespace, tree))] = None
        return
    each = node.below.get(_EACH)
    if each is not None:
        for inner in filter(None, _items(tree)):
            _gather(each, inner, tree, namespace, found)
    elif isinstance(tree, dict):
        for step, inner in tree.items():
            if inner and (below := node.below.get(step)) is not None:
                _gather(below, inner, tree, namespace, found)


def _items(tree: _Json) -> Iterable[_Json]:
    """The items of a list, the values of a map; none of what is neither."""
    return tree if isinstance(tree, list) else tree.values() if isinstance(tree, dict) else ()


def keys_mentioning(informer: Informer, kind: Kind, key: str) -> list[str]:
    """The keys of the cached objects that mention the object of this kind and key.

    Raises:
        ValueError: If no index can tell, with the remedy.
    """
    index_mentions(informer)
    return informer.store.index_keys(MENTIONS, _value(kind, key))


def index_mentions(informer: Informer) -> None:
    """Keep the index from now on; best asked for before the cache fills.

    Raises:
        ValueError: If it is not known which fields mention others, with the remedy.
    """
    if not informer.store.has_index(MENTIONS):
        informer.store.add_index(MENTIONS, _mentions_of(informer))


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
