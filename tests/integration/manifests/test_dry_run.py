"""The real API server takes every object that is rendered, whichever way.

Namespaces are made first, since an object in a namespace that is not there is refused; everything
else is asked for with a dry run, so that admission sees it and nothing stays. Fields that a schema
does not know are refused, too.
"""

import pytest
import yaml

from tests.integration.manifests.conftest import (
    INSTALLATIONS,
    MANIFESTS,
    VALUES,
    key,
    kustomized,
    names,
    stored,
)

FOLDERS = tuple(
    sorted(
        path.parent.relative_to(MANIFESTS).as_posix()
        for path in MANIFESTS.rglob("kustomization.yaml")
        if yaml.safe_load(path.read_text())["kind"] == "Kustomization"
    )
)
COMPONENTS = tuple(
    sorted(
        path.parent.relative_to(MANIFESTS / "install").as_posix()
        for path in (MANIFESTS / "install").rglob("kustomization.yaml")
        if yaml.safe_load(path.read_text())["kind"] == "Component"
    )
)
pytestmark = pytest.mark.usefixtures("foreign")


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_are_accepted(kubectl, dry_run, folder):
    """Every kustomization that ships can be applied as it is."""
    documents = kustomized(kubectl, MANIFESTS / folder)
    for each in documents:
        if folder.startswith("observability"):
            each["metadata"]["namespace"] = "default"
        elif (
            folder.endswith(("per-namespace", "rbac/namespaced")) and "Cluster" not in each["kind"]
        ):
            each["metadata"]["namespace"] = "team-a"

    assert names(documents) == names(dry_run(documents))


@pytest.mark.parametrize("component", COMPONENTS)
def test_components_are_accepted(kubectl, dry_run, tmp_path, component):
    """Each component goes with the installation it is written for."""
    place = MANIFESTS / "install" / component
    documents = kustomized(kubectl, place.parent, place, tmp_path=tmp_path)

    assert names(documents) == names(dry_run(documents))


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_components_go_together(kubectl, dry_run, tmp_path, name):
    """All that can be combined is, on one installation."""
    folder = MANIFESTS / "install" / name
    chosen = ("metrics-auth", "service-monitor", "namespaces")
    documents = kustomized(kubectl, folder, *(folder / each for each in chosen), tmp_path=tmp_path)
    kinds = {each["kind"] for each in documents}
    (deployment,) = [each for each in documents if each["kind"] == "Deployment"]
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]

    assert {"PENTAD_METRICS_AUTH", "PENTAD_NAMESPACES"} <= {each["name"] for each in env}
    assert "ServiceMonitor" in kinds
    assert names(documents) == names(dry_run(documents))


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_a_single_file_is_what_kustomize_makes(kubectl, dry_run, name):
    """`kubectl apply -f` and `-k` install the same; the single file begins with the namespace."""
    text = (MANIFESTS / "install" / f"{name}.yaml").read_text()
    documents = list(yaml.safe_load_all(text))
    by_kustomize = kustomized(kubectl, MANIFESTS / "install" / name)

    assert "Namespace" == documents[0]["kind"]
    assert sorted(documents, key=key) == sorted(by_kustomize, key=key)
    assert names(documents) == names(dry_run(documents))


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_the_chart_is_accepted(rendered, dry_run, values):
    """Whatever is set, each object the chart makes of it is taken by the server."""
    documents = rendered(values)

    assert names(documents) == names(dry_run(documents))


def test_the_chart_installs_what_kustomize_does(kubectl, rendered, dry_run):
    """With default values, what the server would store is the same, labels of Helm apart."""
    kustomize = kustomized(kubectl, MANIFESTS / "install/pentad")
    crds = kustomized(kubectl, MANIFESTS / "crd")
    by_kustomize = {key(each): stored(each) for each in dry_run([*kustomize, *crds])}
    by_chart = {key(each): stored(each) for each in dry_run(rendered({}))}

    namespace = ("Namespace", "", "pentad-system")
    assert by_kustomize.keys() - {namespace} == by_chart.keys()
    for each, content in by_chart.items():
        assert by_kustomize[each] == content, each


def test_a_release_of_one_family_is_the_installation_of_that_family(kubectl, rendered, dry_run):
    """The chart and the kustomization of a family agree as well; the image has its own name."""
    by_kustomize = {
        key(each): stored(each)
        for each in dry_run(kustomized(kubectl, MANIFESTS / "install/penin"))
        if each["kind"] != "Namespace"
    }
    values = {
        "families": ["penin"],
        "crds": {"install": False},
        "image": {"repository": "danielgonzagat/penin-operator"},
    }
    made = rendered(values, release="penin-operator", namespace="penin-system")

    assert by_kustomize == {key(each): stored(each) for each in dry_run(made)}
