"""Keeps protected clusters from being deleted.

Only deletions of protected clusters are asked here (a match condition sees to it), so a manager
that is away hinders nobody else.
"""

from typing import Final

from controller.runtime.webhook.admission import Admission, Denied
from informers.errors import Cause
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster

FIELD: Final = "spec.deletionProtection"


def keep_protected(request: Admission[PeninOmegaCluster]) -> None:
    """Refuse to delete a cluster while it is protected."""
    if request.object.spec.deletion_protection:
        text = f"{FIELD} is true: set it to false first, then delete"
        cause = Cause(reason="FieldValueForbidden", message=text, field=FIELD)
        raise Denied(text, reason="Forbidden", causes=[cause])
