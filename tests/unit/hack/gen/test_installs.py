"""What an installation is made of, and that two of them can share a cluster."""

import attrs
import pytest
import yaml

from hack.gen import installs, options, workload
from hack.gen.emitter import emit
from tests.kit.audit import granted
from tests.kit.widget.family import WIDGET_FAMILY

FAMILIES = (WIDGET_FAMILY, attrs.evolve(WIDGET_FAMILY, name="gear", webhooks=()))
ALL, WIDGET, GEAR = installs.workloads(FAMILIES).values()
INSTALLATIONS = {"all": ALL, "widget": WIDGET, "gear": GEAR}


def objects(made_for):
    """Return all objects of an installation."""
    return [each for part in installs.objects(made_for).values() for each in part]


def allowed(documents):
    """Return what some objects allow, as somebody who reads the files sees it."""
    return granted(yaml.safe_load_all(emit(documents)))


def identity(document):
    """Return what no two objects of a cluster may share."""
    metadata = document["metadata"]
    return document["kind"], metadata.get("namespace"), metadata["name"]


def of_kind(documents, kind):
    """Return the only object of its kind."""
    (found,) = [each for each in documents if each["kind"] == kind]
    return found


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_the_namespace_comes_first(name):
    """One apply of the single file is enough."""
    documents = objects(INSTALLATIONS[name])

    assert "Namespace" == documents[0]["kind"]
    home = documents[0]["metadata"]["name"]
    assert {home, None} == {each["metadata"].get("namespace") for each in documents}


def test_installations_share_nothing():
    """Several can be in one cluster: no object is in two of them, whatever its scope."""
    found = [identity(each) for made_for in INSTALLATIONS.values() for each in objects(made_for)]

    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_every_object_can_be_found_by_its_installation(name):
    """Labels tell what belongs to it, so that uninstalling can be checked."""
    labels = [each["metadata"]["labels"] for each in objects(INSTALLATIONS[name])]

    assert {INSTALLATIONS[name].at.name} == {each["app.kubernetes.io/instance"] for each in labels}


def test_an_installation_of_one_family_may_do_what_that_family_needs():
    """Its roles are its own, with none of what another family or an unused option takes."""
    everything, of_one = allowed(objects(ALL)), allowed(objects(GEAR))

    assert of_one < everything
    assert {"secrets", "validatingwebhookconfigurations.admissionregistration.k8s.io"} == {
        each.resource for each in everything - of_one if "mutating" not in each.resource
    }


def test_an_installation_of_one_family_is_told_so():
    """It hosts that family, and elects and serves by names of its own."""
    env = {each["name"]: each["value"] for each in workload.settings(WIDGET)}

    assert {
        "PENTAD_FAMILIES": "widget",
        "PENTAD_LEASE_NAME": "widget-operator",
        "PENTAD_WEBHOOK_SERVICE": "widget-operator-webhook",
        "PENTAD_WEBHOOK_CONFIGURATIONS": "widget-operator",
    } == env
    assert [] == workload.settings(ALL)


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_selectors_select_the_manager_and_nobody_else(name):
    """Services, the budget and the policy are about the pods of the Deployment."""
    documents = objects(INSTALLATIONS[name])
    deployment = of_kind(documents, "Deployment")["spec"]
    pods = deployment["template"]["metadata"]["labels"]
    selectors = [
        deployment["selector"]["matchLabels"],
        of_kind(documents, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of_kind(documents, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["spec"]["selector"] for each in documents if each["kind"] == "Service"),
    ]

    assert all(selector.items() <= pods.items() for selector in selectors)
    assert all("app.kubernetes.io/instance" in selector for selector in selectors)


def test_ports_have_services_and_a_policy_only_where_somebody_listens():
    """A family without webhooks opens no port for them."""
    with_hooks, without = (str(objects(made_for)) for made_for in (WIDGET, GEAR))

    assert "9443" in with_hooks
    assert "9443" not in without
    assert "Webhook" not in without


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_removals_name_what_is_there(name):
    """A component takes away objects of the installation it is for, and no others."""
    there = {identity(each) for each in objects(INSTALLATIONS[name])}
    for component in options.components(INSTALLATIONS[name]):
        assert {identity(each) for each in component.takes_away} <= there


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_every_removal_is_a_patch_of_its_own(name):
    """Older kustomize takes several of them in one file for one, and ends."""
    for component in options.components(INSTALLATIONS[name]):
        patches = options.kustomization(component).get("patches", [])
        removed = [identity(yaml.safe_load(each["patch"])) for each in patches if "patch" in each]
        assert [identity(each) for each in component.takes_away] == removed


def test_certificates_of_others_need_no_permission_for_ours():
    """With cert-manager the manager may neither touch Secrets nor webhook configurations."""
    left = allowed(objects(WIDGET)) - allowed(options.cert_manager(WIDGET).takes_away)

    assert not any(word in each.resource for each in left for word in ("secrets", "webhook"))


def test_files_are_listed_in_their_kustomization():
    """Every file of a folder is applied by it."""
    files = installs.files(FAMILIES)
    for path, (content, *_) in files.items():
        folder, _, name = path.rpartition("/")
        if name == "kustomization.yaml":
            beside = {other.rpartition("/")[2] for other in files if other.startswith(f"{folder}/")}
            listed = set(content.get("resources", []))
            listed |= {each["path"] for each in content.get("patches", []) if "path" in each}
            assert listed <= beside
            assert yaml.safe_dump(content)
