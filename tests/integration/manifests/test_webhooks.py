"""What families with webhooks are given: tried with the Widget family, for which all is rendered.

It is not shipped, so its installation and its chart are made for these tests, by the same means.
"""

import shutil

import pytest

from hack.gen import chart, installs
from hack.gen.emitter import emit
from tests.integration.manifests.conftest import CHART, key, kustomized, names, stored
from tests.kit.audit import granted
from tests.kit.widget.family import WIDGET_FAMILY

pytestmark = pytest.mark.usefixtures("foreign")
FAMILIES = (WIDGET_FAMILY,)
WANTED = {
    "": {},
    "cert-manager": {"webhooks": {"certManager": {"enabled": True}}},
    "namespaces": {"namespaces": ["widget-system"]},
}


@pytest.fixture
def installation(tmp_path):
    """Return the folder of an installation of Widgets."""
    for path, documents in installs.files(FAMILIES).items():
        place = tmp_path / "install" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(emit(documents))
    return tmp_path / "install" / "widget"


@pytest.fixture
def widget_chart(tmp_path):
    """Return the chart, with Widgets as its only family."""
    folder = tmp_path / "chart"
    shutil.copytree(CHART, folder, ignore=shutil.ignore_patterns("files"))
    for path, text in chart.files(FAMILIES, mark="MADE").items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize("component", WANTED)
def test_installation_and_chart_agree(
    kubectl, dry_run, rendered, installation, widget_chart, tmp_path, component
):
    """With our certificates, with cert-manager's and without webhooks, both make the same."""
    chosen = (installation / component,) if component else ()
    documents = kustomized(kubectl, installation, *chosen, tmp_path=tmp_path)
    values = WANTED[component] | {
        "families": ["widget"],
        "crds": {"install": False},
        "image": {"repository": "danielgonzagat/widget-operator"},
    }
    made = rendered(
        values, release="widget-operator", namespace="widget-system", chart=widget_chart
    )
    by_kustomize = {
        key(each): stored(each) for each in dry_run(documents) if each["kind"] != "Namespace"
    }
    by_chart = {key(each): stored(each) for each in dry_run(made)}
    if component == "namespaces":  # their Roles are applied apart, once to each
        per_namespace = kustomized(kubectl, installation / "per-namespace")
        apart = {(kind, "widget-system", name) for kind, _, name in names(per_namespace)}
        assert by_chart.keys() == by_kustomize.keys() | apart
    else:
        assert by_chart.keys() == by_kustomize.keys()
        for each, content in by_chart.items():
            assert ordered(by_kustomize[each]) == ordered(content), each


def ordered(document):
    """Return it with the environment sorted: a patch adds at the front, a template at the end."""
    if document["kind"] == "Deployment":
        for container in document["spec"]["template"]["spec"]["containers"]:
            container["env"].sort(key=lambda each: each["name"])
    return document


def test_certificates_of_others_are_mounted_and_trusted(kubectl, dry_run, installation, tmp_path):
    """cert-manager's Secret is what pods mount, and its certificate what is injected."""
    component = installation / "cert-manager"
    documents = kustomized(kubectl, installation, component, tmp_path=tmp_path)
    found = {key(each): each for each in documents}
    certificate = found["Certificate", "widget-system", "widget-operator-webhook"]["spec"]
    pod = found["Deployment", "widget-system", "widget-operator"]["spec"]["template"]["spec"]
    (volume,) = pod["volumes"]
    hooks = [each for each in documents if each["kind"].endswith("WebhookConfiguration")]

    assert certificate["secretName"] == volume["secret"]["secretName"]
    assert "widget-operator-webhook.widget-system.svc" in certificate["dnsNames"]
    assert len(hooks) == 2
    for hook in hooks:
        assert hook["metadata"]["annotations"] == {
            "cert-manager.io/inject-ca-from": "widget-system/widget-operator-webhook"
        }
        assert all(entry["clientConfig"]["service"]["path"] for entry in hook["webhooks"])
    assert not any("secrets" in grant.resource for grant in granted(documents))
    assert names(documents) == names(dry_run(documents))
