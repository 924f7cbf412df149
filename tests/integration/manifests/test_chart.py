"""The chart itself: it is clean, and refuses values that make no sense before anything happens."""

import pytest
import yaml

from tests.integration.manifests.conftest import CHART, VALUES, write_values

WRONG = {
    "a word that is none": ({"imagee": {"tag": "1"}}, "imagee"),
    "a number as text": ({"replicas": "two"}, "/replicas"),
    "no level": ({"logLevel": "loud"}, "/logLevel"),
    "no digest": ({"image": {"digest": "sha256:1"}}, "/image/digest"),
    "no namespace's name": ({"namespaces": ["Team_A"]}, "/namespaces/0"),
    "no port": ({"networkPolicy": {"apiServerPorts": [0]}}, "/networkPolicy/apiServerPorts/0"),
    "a family twice": ({"families": ["penin", "penin"]}, "/families"),
    "no family": ({"families": ["nope"]}, 'there is no "nope"; known: '),
    "a secret without a name": ({"imagePullSecrets": [{}]}, "/imagePullSecrets/0"),
    "a name too long": ({"fullnameOverride": "x" * 51}, "/fullnameOverride"),
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_nothing_is_to_be_said_against_it(helm, tmp_path, values):
    """`helm lint --strict` is content with every set of values."""
    done = helm("lint", "--strict", str(CHART), f"--values={write_values(tmp_path, values)}")

    assert (0, "") == (done.returncode, done.stderr), done.stdout


@pytest.mark.parametrize(("values", "told"), WRONG.values(), ids=WRONG.keys())
def test_wrong_values_are_refused_by_name(helm, tmp_path, values, told):
    """The message says which value is meant."""
    path = write_values(tmp_path, values)
    done = helm("template", "pentad", str(CHART), f"--values={path}")

    assert done.returncode != 0
    assert told in done.stderr


def test_notes_tell_what_to_do_next(helm, cluster):
    """After an installation its user is told how to look at it."""
    flags = ("--dry-run=server", "--namespace=default", "--set=crds.install=false")
    done = helm("install", "pentad", str(CHART), *flags, kubeconfig=cluster.kubeconfig)

    assert done.returncode == 0, done.stderr
    assert "2 replica(s) of the manager start in default, hosting: " in done.stdout
    assert "kubectl -n default rollout status deployment/pentad" in done.stdout
    assert "The CRDs are not part of this release" in done.stdout


def test_crds_stay_unless_somebody_says_otherwise(rendered):
    """Helm is told to keep them, since their objects would go with them."""
    kept, let_go = (crds(rendered({"crds": {"keep": keep}})) for keep in (True, False))

    assert {"keep"} == {each["metadata"]["annotations"]["helm.sh/resource-policy"] for each in kept}
    assert all("annotations" not in each["metadata"] for each in let_go)
    assert [] == crds(rendered({"crds": {"install": False}}))


def crds(documents):
    """Return the CRDs among some objects."""
    return [each for each in documents if each["kind"] == "CustomResourceDefinition"]


def test_namespaces_get_roles_and_the_cluster_none(rendered):
    """With `namespaces` the manager may do nothing outside them and its own."""
    documents = rendered(VALUES["namespaces"])
    bound = {each["roleRef"]["kind"] for each in documents if "roleRef" in each}
    homes = {each["metadata"]["namespace"] for each in documents if each["kind"] == "Role"}

    assert {"Role"} == bound
    assert {"team-a", "team-b", "pentad-system"} == homes


def test_a_new_default_does_not_restart_pods(rendered):
    """Rendering twice gives the same pods: nothing random and no date is in them."""
    first, second = (yaml.safe_dump_all(rendered({})) for _ in range(2))

    assert first == second
