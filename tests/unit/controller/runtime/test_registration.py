"""Registrations refuse what would only fail later, in a role or a configuration."""

import pytest

from controller.runtime.registration import Family, Permission, Webhook
from informers.meta.builtin import CONFIG_MAP, NODE, POD


def test_owning_includes_reading():
    """Who creates children also watches them."""
    assert Permission(
        group="",
        resources=("configmaps",),
        verbs=("get", "list", "watch", "create", "patch", "delete"),
        reason="why",
    ) == Permission.own(CONFIG_MAP, reason="why")


def test_reading_a_cluster_scoped_kind_is_known_to_be_so():
    """Such a grant cannot become part of a namespaced Role."""
    assert not Permission.read(NODE, reason="why").namespaced


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"resources": ("*",)}, "name each one", id="every-resource"),
        pytest.param({"resources": ("*",), "is_open": True}, "name each", id="of-the-core"),
        pytest.param({"group": "x.io", "is_open": True}, "has resources=", id="open-and-named"),
        pytest.param({"verbs": ("*",)}, "name each one", id="every-verb"),
        pytest.param({"verbs": ()}, "name each one", id="no-verb"),
        pytest.param({"reason": ""}, "reason", id="no-reason"),
    ],
)
def test_grants_are_narrow_and_reasoned(changes, message):
    """No wildcards, and never without a word why."""
    grant = {"group": "", "resources": ("pods",), "verbs": ("get",), "reason": "why"} | changes

    with pytest.raises(ValueError, match=message):
        Permission(**grant)


def test_resources_that_others_name_may_be_granted_as_they_come():
    """In their own group, and said so."""
    grant = Permission(group="x.io", resources=("*",), verbs=("get",), is_open=True, reason="why")

    assert ("*",) == grant.resources


def test_names_become_parts_of_object_names():
    """A name the API server would refuse is refused at its source."""
    with pytest.raises(ValueError, match=r"Family\.name='Bad_name'"):
        Family(name="Bad_name", kinds=())


def test_two_webhooks_of_a_kind_have_two_paths():
    """Path and full name carry mode, kind and name."""
    check = Webhook(name="a", kind=POD, mode="validate", handler=print)
    other = Webhook(name="b", kind=POD, mode="validate", handler=print)

    assert check.path == "/validate/core/v1/pods/a"
    assert check.path != other.path
    assert check.full_name == "a.pods"
