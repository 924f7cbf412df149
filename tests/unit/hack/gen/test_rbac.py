"""Roles say what is needed and why, and nothing that no namespace has goes into a Role."""

import attrs
import pytest

from controller.runtime import permissions
from controller.runtime.registration import Permission
from hack.gen import rbac
from informers.meta.builtin import NODE
from tests.kit.widget.family import WIDGET_FAMILY


def rules_of(role):
    """Return the rules of a role with their reasons."""
    return [(entry.comment, entry.item) for entry in role["rules"]]


def test_a_family_may_keep_its_own_kinds():
    """Reading, status and owning follow from the registered kinds; the rest is declared."""
    role, binding = rbac.family_roles(WIDGET_FAMILY, scope="ClusterRole")
    rules = [rule for _, rule in rules_of(role) if rule["apiGroups"] == ["test.pentad.dev"]]

    assert [
        (["gadgets"], ["get", "list", "watch"]),
        (["gadgets/status"], ["patch"]),
        (["gadgets/finalizers"], ["update"]),
        (["widgets"], ["get", "list", "watch"]),
        (["widgets/status"], ["patch"]),
        (["widgets/finalizers"], ["update"]),
        (["widgets"], ["patch"]),
    ] == [(rule["resources"], rule["verbs"]) for rule in rules]
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == "pentad-widget"


def test_every_rule_carries_its_reason():
    """An auditor reads above each rule why it is there."""
    own = (*rbac.own_runtime_roles(), *rbac.certificate_roles())
    runtime = (*rbac.runtime_roles(), *own, *rbac.webhook_roles())
    documents = (*runtime, *rbac.family_roles(WIDGET_FAMILY, scope="ClusterRole"))
    reasons = [reason for role in documents if "rules" in role for reason, _ in rules_of(role)]

    assert len(reasons) > 10
    assert all(reasons)


def test_a_role_leaves_out_what_lives_outside_namespaces():
    """In --namespaces mode cluster-scoped kinds are not granted, the rest is."""
    family = attrs.evolve(
        WIDGET_FAMILY,
        permissions=(*WIDGET_FAMILY.permissions, Permission.read(NODE, reason="Where pods run.")),
    )
    role, binding = rbac.family_roles(family, scope="Role")
    granted = {name for _, rule in rules_of(role) for name in rule["resources"]}

    assert granted == {"widgets", "widgets/status", "widgets/finalizers", "configmaps"}
    assert "namespace" not in role["metadata"]
    assert (role["kind"], binding["kind"]) == ("Role", "RoleBinding")


def test_the_runtime_grants_are_narrow():
    """No wildcards; leases and secrets by name and in the manager's namespace only.

    The pod that the manager is has no name that a role could know.
    """
    (lease, _), (secret, _) = rbac.own_runtime_roles(), rbac.certificate_roles()
    documents = (*rbac.runtime_roles(), *rbac.webhook_roles(), lease, secret)

    for own in (lease, secret):
        for _, rule in rules_of(own):
            is_own_pod = (rule["resources"], rule["verbs"]) == (["pods"], ["get"])
            assert is_own_pod or rule["verbs"] == ["create"] or rule["resourceNames"]
        assert own["metadata"]["namespace"] == rbac.NAMESPACE
    assert "*" not in str([document.get("rules") for document in documents])


def test_asking_who_scrapes_is_granted_to_those_who_ask():
    """Reviews have a ClusterRole of their own with its binding, and stand in no other role."""
    role, binding = rbac.metrics_auth_roles()
    others = (*rbac.runtime_roles(), *rbac.own_runtime_roles(), *rbac.namespaced_runtime_roles())

    assert [("tokenreviews", ["create"]), ("subjectaccessreviews", ["create"])] == [
        (*rule["resources"], rule["verbs"]) for _, rule in rules_of(role)
    ]
    assert ("ClusterRole", "pentad-metrics-auth") == (role["kind"], role["metadata"]["name"])
    assert "pentad-metrics-auth" == binding["roleRef"]["name"]
    assert "reviews" not in str(others)


def test_people_get_view_and_edit_roles_that_aggregate():
    """The cluster's own view, edit and admin roles take the kinds up."""
    view, edit = rbac.user_roles(WIDGET_FAMILY)

    assert view["metadata"]["labels"] == {
        "rbac.authorization.k8s.io/aggregate-to-view": "true",
    }
    assert "rbac.authorization.k8s.io/aggregate-to-admin" in edit["metadata"]["labels"]
    assert view["rules"][0].item["verbs"] == ["get", "list", "watch"]
    assert view["rules"][0].item["resources"] == ["gadgets", "widgets"]


def test_roles_are_those_of_one_installation():
    """Names, bindings and the single objects that are granted are the installation's own."""
    at = permissions.Installation(name="widget-operator", namespace="widget-system")
    every = (
        *rbac.runtime_roles(at),
        *rbac.own_runtime_roles(at),
        *rbac.webhook_roles(at),
        *rbac.certificate_roles(at),
        *rbac.family_roles(WIDGET_FAMILY, scope="ClusterRole", at=at),
        *rbac.user_roles(WIDGET_FAMILY, at=at),
    )

    assert "pentad" not in str(every).replace("test.pentad.dev", "")
    assert {"widget-system"} == {
        subject["namespace"] for each in every for subject in each.get("subjects", [])
    }


@pytest.mark.parametrize(
    "grant",
    [
        *permissions.EVERYWHERE,
        *permissions.election(),
        *permissions.certificates(),
        *permissions.webhooks(),
        *permissions.METRICS_AUTH,
    ],
    ids=str,
)
def test_reasons_are_sentences(grant):
    """A reason is written for people."""
    assert grant.reason.endswith(".")
    assert grant.reason[0].isupper()
