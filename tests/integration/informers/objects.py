"""ConfigMaps and kinds, made and unmade for the tests beside this file."""

from tests.kit.crds import established
from tests.kit.faults import Match

WATCH = Match(watch=True, path="/configmaps")
LIST = Match(method="GET", watch=False, path="/configmaps$")


CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {kind.plural}.{kind.group}}}
spec:
  group: {kind.group}
  scope: Namespaced
  names: {{kind: {kind.kind}, plural: {kind.plural}}}
  versions:
  - name: {kind.version}
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
"""


def establish(kubectl, kind):
    """Have the server serve a kind whose objects may hold anything."""
    kubectl("apply", "--server-side", "-f", "-", stdin=CRD.format(kind=kind))
    established(kubectl, f"crd/{kind.plural}.{kind.group}")


def path(namespace, name=""):
    """Return the path of the namespace's ConfigMaps, or of one."""
    base = f"/api/v1/namespaces/{namespace}/configmaps"
    return f"{base}/{name}" if name else base


def create(rest, namespace, *names, **data):
    """Create ConfigMaps."""
    for name in names:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        rest.create(path(namespace), body)


def delete(rest, namespace, *names):
    """Delete ConfigMaps."""
    for name in names:
        rest.delete(path(namespace, name))


def change(rest, namespace, name, **data):
    """Change a ConfigMap's data."""
    rest.merge(path(namespace, name), {"data": data})


def versions_asked(proxy, where):
    """Return the resource versions of the requests that came through, None where there is none."""
    return [seen.params.get("resourceVersion") for seen in proxy.seen(where)]
