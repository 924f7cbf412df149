"""What keeps the first caches from being complete, in words that help.

Waiting is right here: roles and CRDs are often applied a moment after the manager. But who waits
says for what, and what would end it; an informer itself only tries again.
"""

from collections.abc import Iterable

from informers.shared import Informer

CRDS = "kubectl apply --server-side -k manifests/crd"
ROLES = "kubectl apply --server-side -k manifests/rbac"


def obstacles(informers: Iterable[Informer]) -> list[str]:
    """One line for each cache that is not complete."""
    return sorted({_obstacle(informer) for informer in informers if not informer.has_synced})


def _obstacle(informer: Informer) -> str:
    kind = informer.source.kind
    if informer.is_absent:
        return f"{kind} is not served: install its CustomResourceDefinition ({CRDS})"
    errors = [found.statistics.last_error for found in informer.reflectors]
    error = next((error for error in errors if error), "")
    name, _, said = error.partition(": ")
    if name == "Forbidden":
        return f"{said}: grant get, list and watch on {kind.resource} to this user ({ROLES})"
    return f"{kind}: {said or f'{len(informer.store)} objects so far'}"
