"""Every generated manifest is taken by a real API server and does there what the types say."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml

from hack.gen.__main__ import ROOT, TARGETS
from hack.gen.sample import sample_of
from informers.meta import codec
from tests.kit.crds import install_crds
from tests.kit.widget.api import Widget
from tests.kit.widget.gadget import Gadget, OldGadget

KINDS = [type_ for target in TARGETS for family in target.families for type_ in family.kinds]
FOREIGN = "observability"
"""It has kinds of the Prometheus operator; tests/integration/manifests tries it with those."""
FOLDERS = [
    folder
    for target in TARGETS
    for folder in (
        *target.folders,
        target.manifests / "rbac/manager",
        target.manifests / "rbac/namespaced",
    )
    if (ROOT / folder / "kustomization.yaml").exists() and folder.name != FOREIGN
]
CRDS = sorted(
    path
    for folder in FOLDERS
    if folder.name == "crd"
    for path in Path(ROOT / folder).glob("*.yaml")
    if path.name != "kustomization.yaml"
)
pytestmark = pytest.mark.usefixtures("installed")
APPLY = ("apply", "--server-side", "--force-conflicts")


def name_of(type_):
    """Return an id for a type."""
    return f"{type_.definition.kind.kind}-{type_.definition.kind.version}"


@pytest.fixture(scope="module")
def installed(kubectl):
    """Install every generated CRD and wait until the server serves it."""
    for path in CRDS:
        install_crds(kubectl, path)


@pytest.fixture
def widgets(namespace):
    """Return the path of the Widgets of the test's namespace."""
    return Widget.definition.kind.path(namespace)


def widget(**spec):
    """Return a Widget with this spec."""
    return named(Widget, "w", size=1, **spec)


def gadget(**spec):
    """Return a Gadget with this spec."""
    return named(Gadget, "g", **{"from": "here", **spec})


def named(type_, name, **spec):
    """Return an object of the type."""
    kind = type_.definition.kind
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def dry_run(rest, object_, namespace="default"):
    """Return the server's answer to creating an object without keeping it."""
    type_ = {name_of(type_): type_ for type_ in KINDS}[
        f"{object_['kind']}-{object_['apiVersion'].partition('/')[2]}"
    ]
    path = type_.definition.kind.path(namespace)
    return rest.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", object_)


@pytest.mark.parametrize("path", CRDS, ids=lambda path: path.stem)
def test_the_server_finds_nothing_wrong_with_a_generated_crd(path, rest):
    """It is established, its names are accepted, and its schema is structural."""
    found = rest.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{path.stem}")
    conditions = {entry["type"]: entry["status"] for entry in found["status"]["conditions"]}

    assert conditions.pop("Established") == "True"
    assert conditions.pop("NamesAccepted") == "True"
    assert "NonStructuralSchema" not in conditions


@pytest.mark.parametrize("path", CRDS, ids=lambda path: path.stem)
def test_the_server_keeps_a_generated_crd_as_it_is_written(path, rest):
    """Nothing is pruned or rewritten, so the file is what the cluster has."""
    written = yaml.safe_load(path.read_text())
    found = rest.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{path.stem}")

    for version, kept in zip(written["spec"]["versions"], found["spec"]["versions"], strict=True):
        assert version["schema"] == kept["schema"]
        assert version["additionalPrinterColumns"] == kept["additionalPrinterColumns"]


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_every_folder_applies_by_kustomize(folder, kubectl, namespace):
    """`kubectl apply -k` takes each generated folder; a dry run, as webhooks would block."""
    arguments = ["-n", namespace] if folder.name == "namespaced" else []
    needed = ROOT / folder / "kustomization.yaml"
    text = kubectl("kustomize", str(needed.parent)).replace("pentad-system", namespace)

    applied = kubectl(*APPLY, "--dry-run=server", *arguments, "-f", "-", stdin=text)

    assert len(applied.splitlines()) >= len(yaml.safe_load(needed.read_text())["resources"])


@pytest.mark.parametrize("type_", KINDS, ids=name_of)
def test_the_sample_of_every_kind_is_accepted(type_, rest):
    """The object at the top of each reference page can be applied as printed."""
    created = dry_run(rest, sample_of(type_)).ok()

    assert created["metadata"]["name"].startswith("my-")


@pytest.mark.parametrize(
    "object_",
    [
        pytest.param(widget(), id="least-widget"),
        pytest.param(widget(items=[{"name": "a", "value": "b"}], colour="red"), id="widget"),
        pytest.param(gadget(), id="least-gadget"),
        pytest.param(
            gadget(limits={"ratio": 0.2}, shards={"a": {}}, ports=[{"name": "a", "port": 1}]),
            id="gadget-with-inner-defaults",
        ),
    ],
)
def test_the_server_fills_in_the_defaults_the_type_has(object_, rest):
    """A controller reads the same from the cluster as from the file the user wrote."""
    type_ = Widget if object_["kind"] == "Widget" else Gadget

    created = dry_run(rest, object_).ok()

    assert codec.convert(object_, type_).spec == codec.convert(created, type_).spec


def test_defaults_are_stored(rest):
    """What a user does not write is there for everybody who reads the object."""
    assert {
        "size": 1,
        "colour": "grey",
        "replicas": 1,
        "children": 0,
        "enabled": True,
    } == dry_run(rest, widget()).ok()["spec"]


@pytest.mark.parametrize(
    ("object_", "message"),
    [
        pytest.param(
            widget(items=[{"name": "a", "value": "", "weight": 3}]),
            r"spec\.items\[0\]\.value: Invalid value: .*a part that weighs something needs a value",
            id="rule-on-items",
        ),
        pytest.param(
            widget(labels={"test.pentad.dev/x": "y"}),
            "labels that start with test.pentad.dev/ belong to the controller",
            id="rule-on-a-map",
        ),
        pytest.param(
            gadget(ports=[{"name": "a", "port": 1}, {"name": "b", "port": 1}]),
            "two ports cannot have the same number",
            id="rule-over-a-list",
        ),
        pytest.param(
            gadget(shards={"a": {"ratio": 0.95}}),
            r"spec\.shards\[a\]: Invalid value: .*a shard keeps less than nine tenths",
            id="rule-on-map-values",
        ),
        pytest.param(
            widget(items=[{"name": "a", "value": "b"}] * 2), "Duplicate value", id="list-map-keys"
        ),
        pytest.param(gadget(tags=["a", "a"]), "Duplicate value", id="set"),
        pytest.param(widget(children=101), "less than or equal to 100", id="maximum"),
        pytest.param(gadget(limits={"ratio": 0}), "greater than 0", id="exclusive-minimum"),
        pytest.param(gadget(limits={"memory": "much"}), "spec.limits.memory", id="quantity"),
        pytest.param(gadget(mode="odd"), 'supported values: "careful", "fast"', id="choices"),
        pytest.param(gadget(window=[1]), "should have at least 2 items", id="fixed-tuple"),
        pytest.param(widget(colour=7), "must be of type string", id="type"),
        pytest.param(widget(sise=1), 'unknown field "spec.sise"', id="unknown-field"),
        pytest.param(named(Gadget, "g"), "spec.from: Required value", id="required"),
    ],
)
def test_a_bad_object_is_refused_with_a_message(object_, message, rest):
    """Rules, limits and types are effective, and the user reads why."""
    answer = dry_run(rest, object_)

    assert answer.status in {400, 422}
    assert re.search(message, answer.body["message"])


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"limits": {"memory": 1024}}, id="quantity-as-number"),
        pytest.param({"limits": {"memory": "1.5Gi"}}, id="quantity-as-text"),
        pytest.param({"ports": [{"name": "a", "port": 1, "target": "web"}]}, id="port-as-name"),
        pytest.param({"ports": [{"name": "a", "port": 1, "target": 80}]}, id="port-as-number"),
        pytest.param({"template": {"any": [{"thing": {"at": "all"}}]}}, id="free-form"),
        pytest.param({"digest": "aGVsbG8="}, id="base64"),
    ],
)
def test_what_the_types_allow_is_kept_as_written(spec, rest):
    """Nothing is pruned or changed that the type reads."""
    created = dry_run(rest, gadget(**spec)).ok()["spec"]

    spec.get("limits", {}).setdefault("ratio", 0.5)
    assert spec == {key: created[key] for key in spec}
    assert (
        codec.convert(gadget(**spec), Gadget).spec == codec.convert(gadget(**created), Gadget).spec
    )


def test_an_immutable_field_cannot_be_changed(rest):
    """A transition rule compares with what was there before."""
    path = Gadget.definition.kind.path()
    created = rest.create(path, named(Gadget, "immutable", **{"from": "here"}))
    changed = copy.deepcopy(created)
    changed["spec"]["from"] = "there"
    try:
        refused = rest.request("PUT", f"{path}/immutable", changed)
    finally:
        rest.delete(f"{path}/immutable")

    assert refused.status == 422
    assert "spec.from cannot be changed: make a new Gadget" in refused.body["message"]


def test_kubectl_prints_the_columns(widgets, rest, kubectl, namespace):
    """`kubectl get` shows what the type declares, conditions included, by any of its names."""
    rest.create(widgets, widget(colour="blue"))
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Done",
        "message": "done",
        "lastTransitionTime": "2024-01-01T00:00:00Z",
    }
    rest.merge(f"{widgets}/w/status", {"status": {"conditions": [ready], "readyChildren": 2}})

    head, row = kubectl("get", "wd", "-n", namespace).splitlines()
    wide = kubectl("get", "pentad-test", "-n", namespace, "-o", "wide").splitlines()

    assert ["NAME", "SIZE", "COLOUR", "READY", "AGE"] == head.split()
    assert ["w", "1", "blue", "True"] == row.split()[:4]
    assert ["w", "1", "blue", "True", "2"] == wide[1].split()[:5]


def test_scale_and_old_versions_work(kubectl, rest):
    """`kubectl scale` changes what the type says, and an old version is served with a warning."""
    rest.create(OldGadget.definition.kind.path(), named(OldGadget, "scaled", **{"from": "here"}))
    try:
        kubectl("scale", "gadgets/scaled", "--replicas=4")
        found = json.loads(kubectl("get", "gadgets.v1beta1.test.pentad.dev/scaled", "-o", "json"))
    finally:
        rest.delete(f"{Gadget.definition.kind.path()}/scaled")

    assert found["spec"]["replicas"] == 4
    assert found["apiVersion"] == "test.pentad.dev/v1beta1"


def test_the_roles_grant_what_the_manager_needs_and_no_more(kubectl, rest, namespace):
    """Namespaced Roles let the ServiceAccount work in their namespace only."""
    folder = ROOT / "tests/kit/widget/manifests/rbac/namespaced"
    kubectl(*APPLY, "-n", namespace, "-k", str(folder))
    questions = {
        ("patch", "widgets/status", namespace): True,
        ("create", "configmaps", namespace): True,
        ("create", "widgets", namespace): False,
        ("create", "secrets", namespace): False,
        ("get", "widgets", "default"): False,
    }

    assert questions == {question: _may(rest, *question) for question in questions}


def _may(rest, verb, resource, namespace):
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": "system:serviceaccount:pentad-system:pentad",
            "resourceAttributes": _attributes(verb, resource, namespace),
        },
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return rest.create(path, review)["status"]["allowed"]


def _attributes(verb, resource, where):
    name, _, subresource = resource.partition("/")
    return {
        "verb": verb,
        "group": "test.pentad.dev" if name == "widgets" else "",
        "resource": name,
        "subresource": subresource,
        "namespace": where,
    }
