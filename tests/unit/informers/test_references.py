"""Who mentions a Secret or a ConfigMap, by kind, field and odd shapes."""

import random

import msgspec
import pytest

from controller.runtime.handler import mentioning
from informers.lister import Lister
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT, POD, SECRET
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.references import (
    MENTIONS,
    Field,
    Mentions,
    _gather,
    keys_mentioning,
    pod_fields,
)
from informers.reflector import Source
from informers.snapshot import seal
from tests.unit.informers.silent import silent_informer

STATEFUL_SET = Kind("apps", "v1", "StatefulSet", "statefulsets")
DAEMON_SET = Kind("apps", "v1", "DaemonSet", "daemonsets")
REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets")
JOB = Kind("batch", "v1", "Job", "jobs")
CRON_JOB = Kind("batch", "v1", "CronJob", "cronjobs")
INGRESS = Kind("networking.k8s.io", "v1", "Ingress", "ingresses")
SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts")
VOLUME = Kind("", "v1", "PersistentVolume", "persistentvolumes", namespaced=False)
WIDGET = Kind("test.pentad.dev", "v1", "Widget", "widgets")

CONTAINER = {
    "env": [
        {"name": "PLAIN", "value": "v"},
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "env-secret", "key": "k"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "env-map", "key": "k"}}},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ],
    "envFrom": [{"secretRef": {"name": "from-secret"}}, {"configMapRef": {"name": "from-map"}}],
}
OF_CONTAINER = {
    "Secret/ns/env-secret",
    "ConfigMap/ns/env-map",
    "Secret/ns/from-secret",
    "ConfigMap/ns/from-map",
}
TEMPLATE = {"template": {"spec": {"containers": [CONTAINER]}}}


def snapshot(body, *, namespace="ns"):
    """Return an object with this body."""
    meta = {"name": "x", "namespace": namespace, "uid": "u", "resourceVersion": "1"}
    return seal(msgspec.json.encode({"metadata": meta, **body}))


def informer_of(kind, *bodies, **source):
    """Return an informer that holds objects of a kind, named by number."""
    informer = silent_informer()
    informer.source = Source(kind=kind, **source)
    for number, body in enumerate(bodies):
        meta = {"name": f"o{number}", "resourceVersion": "1", "uid": f"u{number}"}
        if kind.namespaced:
            meta["namespace"] = "ns"
        raw = msgspec.json.encode({"metadata": meta, **body})
        informer.wrote(seal(raw), raw)
    return informer


@pytest.mark.parametrize(
    ("spec", "mentioned"),
    [
        ({"containers": [CONTAINER]}, OF_CONTAINER),
        ({"initContainers": [CONTAINER]}, OF_CONTAINER),
        ({"ephemeralContainers": [{}, CONTAINER]}, OF_CONTAINER),
        ({"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}, {"Secret/ns/a", "Secret/ns/b"}),
        ({"volumes": [{"secret": {"secretName": "a"}}]}, {"Secret/ns/a"}),
        ({"volumes": [{"configMap": {"name": "a"}}]}, {"ConfigMap/ns/a"}),
        (
            {
                "volumes": [
                    {"projected": {"sources": [{"secret": {"name": "a"}}, {"downwardAPI": {}}]}},
                    {"projected": {"sources": [{"configMap": {"name": "a"}}]}},
                ]
            },
            {"Secret/ns/a", "ConfigMap/ns/a"},
        ),
        ({"volumes": [{"csi": {"nodePublishSecretRef": {"name": "a"}}}]}, {"Secret/ns/a"}),
        ({"volumes": [{"rbd": {"secretRef": {"name": "a"}}}]}, {"Secret/ns/a"}),
        ({"volumes": [{"azureFile": {"secretName": "a"}}]}, {"Secret/ns/a"}),
        ({"volumes": [{"emptyDir": {}}], "containers": [{"name": "c"}]}, set()),
    ],
    ids=[
        "container",
        "init",
        "ephemeral",
        "pull",
        "secret",
        "config map",
        "projected",
        "csi",
        "rbd",
        "azure",
        "none",
    ],
)
def test_every_place_of_a_pod_that_mentions_one_is_found(spec, mentioned):
    """In containers of all three sorts, volumes of all sorts, and pull secrets."""
    assert mentioned == set(Mentions(*pod_fields("spec"))(snapshot({"spec": spec})))


def secret_ref(name, namespace="away"):
    """Return a reference that names a namespace."""
    return {"name": name, "namespace": namespace}


@pytest.mark.parametrize(
    ("kind", "body", "mentioned"),
    [
        (POD, {"spec": {"imagePullSecrets": [{"name": "s"}]}}, "ns/s"),
        (DEPLOYMENT, {"spec": TEMPLATE}, "ns/env-secret"),
        (STATEFUL_SET, {"spec": TEMPLATE}, "ns/env-secret"),
        (DAEMON_SET, {"spec": TEMPLATE}, "ns/env-secret"),
        (REPLICA_SET, {"spec": TEMPLATE}, "ns/env-secret"),
        (JOB, {"spec": TEMPLATE}, "ns/env-secret"),
        (CRON_JOB, {"spec": {"jobTemplate": {"spec": TEMPLATE}}}, "ns/env-secret"),
        (INGRESS, {"spec": {"tls": [{"hosts": ["h"]}, {"secretName": "cert"}]}}, "ns/cert"),
        (SERVICE_ACCOUNT, {"imagePullSecrets": [{"name": "pull"}]}, "ns/pull"),
        (SERVICE_ACCOUNT, {"secrets": [{"name": "token"}]}, "ns/token"),
        (VOLUME, {"spec": {"csi": {"nodeStageSecretRef": secret_ref("s")}}}, "away/s"),
        (VOLUME, {"spec": {"iscsi": {"secretRef": secret_ref("s")}}}, "away/s"),
        (
            VOLUME,
            {"spec": {"azureFile": {"secretName": "s", "secretNamespace": "away"}}},
            "away/s",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Kind) else "",
)
def test_built_in_kinds_need_no_declaration(kind, body, mentioned):
    """Which of their fields mention others is known."""
    informer = informer_of(kind, {"spec": {}}, body)

    (key,) = keys_mentioning(informer, SECRET, mentioned)
    assert key.endswith("o1")
    assert [] == keys_mentioning(informer, CONFIG_MAP, mentioned)


def test_a_kind_of_ones_own_declares_its_fields():
    """Lists of names, maps, kinds beside each other at one path, other namespaces."""
    mentions = Mentions(
        Field(SECRET, "spec.names[]"),
        Field(SECRET, "spec.byRole[].ref.name", namespace="namespace"),
        Field(SECRET, "spec.either"),
        Field(CONFIG_MAP, "spec.either"),
    )
    spec = {
        "names": ["a", "b"],
        "byRole": {"admin": {"ref": secret_ref("c")}, "user": {"ref": {"name": "d"}}},
        "either": "e",
    }

    assert [
        "Secret/ns/a",
        "Secret/ns/b",
        "Secret/away/c",
        "Secret/ns/d",
        "Secret/ns/e",
        "ConfigMap/ns/e",
    ] == list(mentions(snapshot({"spec": spec})))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"spec": None},
        {"spec": "text"},
        {"spec": {"volumes": "none"}},
        {"spec": {"volumes": [None, 1, "x", []]}},
        {"spec": {"volumes": [{"secret": {"secretName": 7}}]}},
        {"spec": {"volumes": [{"secret": {"secretName": ""}}]}},
        {"spec": {"containers": {"env": [{"valueFrom": ["secretKeyRef"]}]}}},
    ],
    ids=str,
)
def test_an_object_of_another_shape_mentions_nothing(body):
    """Custom kinds may hold anything; following a path never fails."""
    assert [] == list(Mentions(*pod_fields("spec"))(snapshot(body)))


@pytest.mark.parametrize(
    "inner", [b'"\xff"', b"[" * 5000 + b"]" * 5000], ids=["no UTF-8", "too deep"]
)
def test_what_cannot_be_decoded_mentions_nothing(inner):
    """It costs itself, not the watch that brought it."""
    whole = snapshot({"spec": {}})
    odd = type(whole)(whole.raw.replace(b"{}", inner), whole.meta)

    assert [] == list(Mentions(Field(SECRET, "spec.a"))(odd))


class Pod(Resource, frozen=True, kw_only=True):
    """As much of a Pod as is read here."""


def mounts(*names):
    """Return the body of a Pod that mounts these Secrets."""
    return {"spec": {"volumes": [{"secret": {"secretName": name}} for name in names]}}


ODD = (None, "", "x", 7, [], {}, ["x"], {"name": "x"}, [{"name": "x"}, "y", None])


def spoiled(rng, tree):
    """Return a copy of a tree in which some parts have another shape."""
    if rng.random() < 0.1:
        return rng.choice(ODD)
    if isinstance(tree, dict):
        return {step: spoiled(rng, inner) for step, inner in tree.items()}
    return [spoiled(rng, inner) for inner in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=lambda seed: f"seed {seed}")
def test_only_what_is_needed_is_decoded_and_nothing_is_missed(seed):
    """Whatever the shape, the answer is that of following the fields through the whole object."""
    rng = random.Random(seed)
    projected = {"sources": [{"secret": {"name": "p"}}, {"configMap": {"name": "q"}}]}
    pod = {
        "imagePullSecrets": [{"name": "a"}],
        "volumes": [{"secret": {"secretName": "v"}}, {"projected": projected}],
        "containers": [CONTAINER, {"image": "i"}],
    }
    mentions = Mentions(*pod_fields("spec"), Field(SECRET, "spec.byRole[].name"))
    found = set()
    for _ in range(2000):
        held = snapshot({"spec": spoiled(rng, {**pod, "byRole": {"r": {"name": "m"}}})})
        whole = {}
        _gather(mentions._root, msgspec.json.decode(held.raw), {}, "ns", whole)
        assert list(whole) == sorted(mentions(held), key=list(whole).index)
        found |= whole.keys()

    assert {"Secret/ns/m", "Secret/ns/p", "ConfigMap/ns/q", "Secret/ns/env-secret"} <= found


def test_a_lister_tells_who_mentions_and_follows_every_change():
    """Objects that begin, cease or go on to mention one, and those that went."""
    informer = informer_of(POD, mounts("a"), mounts("b"), mounts("a", "b"), mounts())
    pods = Lister(informer, Pod)

    def names(secret):
        return [pod.metadata.name for pod in pods.mentioning(SECRET, "ns", secret)]

    assert (["o0", "o2"], ["o1", "o2"]) == (names("a"), names("b"))
    for number, body in ((0, mounts("b")), (3, mounts("a"))):
        meta = {
            "name": f"o{number}",
            "namespace": "ns",
            "resourceVersion": "2",
            "uid": f"u{number}",
        }
        raw = msgspec.json.encode({"metadata": meta, **body})
        informer.wrote(seal(raw), raw)
    informer.deleted("ns/o2", "u2")
    assert (["o3"], ["o1", "o0"]) == (names("a"), names("b"))
    assert [] == pods.mentioning(SECRET, "other", "a")


def test_nothing_is_decoded_before_somebody_asks():
    """The index is made at the first question, and once."""
    informer = informer_of(POD, mounts("a"))
    assert not informer.store.has_index(MENTIONS)

    assert ["ns/o0"] == keys_mentioning(informer, SECRET, "ns/a")

    index = informer.store._indexes[MENTIONS]
    keys_mentioning(informer, SECRET, "ns/b")
    assert index is informer.store._indexes[MENTIONS]


@pytest.mark.parametrize(
    ("kind", "source", "remedy"),
    [(WIDGET, {}, "add_index"), (POD, {"metadata_only": True}, "acquire the whole kind")],
    ids=["undeclared", "metadata only"],
)
def test_a_cache_that_cannot_tell_says_so(kind, source, remedy):
    """With what to do about it, instead of an empty answer."""
    with pytest.raises(ValueError, match=remedy):
        keys_mentioning(informer_of(kind, **source), SECRET, "ns/a")


def test_a_declared_kind_answers_like_a_built_in_one():
    """The index of that name is taken as it is."""
    informer = informer_of(WIDGET, {"spec": {"tls": {"secretName": "cert"}}})
    informer.store.add_index(MENTIONS, Mentions(Field(SECRET, "spec.tls.secretName")))

    assert ["ns/o0"] == keys_mentioning(informer, SECRET, "ns/cert")


def test_a_changed_secret_calls_for_those_that_mention_it():
    """The mapper of a watch on Secrets; who mentions it is judged when it changed."""
    informer = informer_of(POD, mounts("a"), mounts("b"))
    mapper = mentioning(informer, SECRET)
    meta = {"name": "a", "namespace": "ns", "resourceVersion": "1", "uid": "s"}

    assert ["ns/o0"] == list(mapper(seal(msgspec.json.encode({"metadata": meta}))))
