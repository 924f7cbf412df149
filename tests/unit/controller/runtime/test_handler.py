"""From a changed object to the keys of others; T43 is in test_source."""

import msgspec
import pytest

from controller.runtime.handler import own_key, owner
from informers.meta.builtin import NODE
from informers.meta.kinds import Kind
from informers.snapshot import seal
from tests.kit.widget.api import WIDGET


def owned(*references, namespace="ns"):
    """Return an object with these owners."""
    meta = {"name": "c", "namespace": namespace, "ownerReferences": list(references)}
    return seal(msgspec.json.encode({"metadata": meta}))


def by(name="w", *, kind=WIDGET, version="v1alpha1", controller=True):
    """Return an owner reference."""
    group = f"{kind.group}/" if kind.group else ""
    head = {"apiVersion": f"{group}{version}", "kind": kind.kind}
    return head | {"name": name, "uid": f"u-{name}", "controller": controller}


@pytest.mark.parametrize(
    ("references", "keys"),
    [
        ([by()], ["ns/w"]),
        ([by(version="v9")], ["ns/w"]),
        ([by(kind=Kind("other.group", "v1alpha1", "Widget", "widgets"))], []),
        ([by(kind=Kind("test.pentad.dev", "v1alpha1", "Gadget", "gadgets"))], []),
        ([by(controller=False)], []),
        ([by("a", controller=False), by("b")], ["ns/b"]),
        ([], []),
    ],
    ids=["ours", "another version", "another group", "another kind", "not the controller",
         "one of two", "nobody"],
)  # fmt: skip
def test_a_child_calls_for_the_owner_that_controls_it(references, keys):
    """Whatever version of the kind the reference names; in the child's namespace."""
    assert keys == list(owner(WIDGET)(owned(*references)))


def test_every_owner_can_be_called_for():
    """If that was asked for."""
    found = owned(by("a", controller=False), by("b"))

    assert ["ns/a", "ns/b"] == list(owner(WIDGET, only_controller=False)(found))


@pytest.mark.parametrize("namespace", ["ns", ""], ids=["namespaced", "cluster-scoped"])
def test_an_owner_without_a_namespace_is_called_by_its_name(namespace):
    """Wherever its child lives."""
    found = owned(by("n", kind=NODE, version="v1"), namespace=namespace)

    assert ["n"] == list(owner(NODE)(found))


@pytest.mark.parametrize(
    ("namespace", "key"), [("ns", "ns/c"), ("", "c")], ids=["namespaced", "cluster-scoped"]
)
def test_an_object_calls_for_itself(namespace, key):
    """By the key caches know it by."""
    assert [key] == list(own_key(owned(namespace=namespace)))
