"""Kinds of other projects that objects of ours are of, served for as long as a test needs them."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from tests.kit.crds import established

SERVICE_MONITOR: Final = ("monitoring.coreos.com/v1", "ServiceMonitor")


def foreign_definition(group_version: str, kind: str) -> dict[str, Any]:
    """Return a CRD made for tests: it says that the kind is there, not what is in it.

    The real ones are large and belong to other projects; with these, an object's place, name and
    form as an API object are checked, its fields are not.
    """
    group, version = group_version.split("/")
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "labels": {"pentad.test/only-for": "tests"}},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


@contextlib.contextmanager
def serving(kubectl: Callable[..., str], kinds: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Have kinds served, as (group and version, kind), and no longer than the block."""
    made = [foreign_definition(*each) for each in kinds]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    kubectl("apply", "--server-side", "-f", "-", stdin=text)
    try:
        established(kubectl, "-f", "-", stdin=text)
        yield
    finally:
        kubectl("delete", "-f", "-", stdin=text)
