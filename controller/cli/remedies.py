"""What to do about a message of Kubernetes' own, where that is obvious.

Schedulers, quotas and webhooks speak in set phrases; each row has one, and the remedy for it.
"""

import re
from typing import Final

from controller.cli.pods import remedy_for_missing

_PHRASES: Final = (
    (
        re.compile(r"exceeded quota: (?P<name>[^,\s]+)"),
        "raise ResourceQuota {name}, or free what it counts",
    ),
    (
        re.compile(r"failed quota: (?P<name>[^:\s]+): must specify (?P<what>.+)"),
        "say {what} for every container: ResourceQuota {name} counts it",
    ),
    (
        re.compile(r'admission webhook "(?P<name>[^"]+)" denied'),
        "change what webhook {name} objects to",
    ),
    (
        re.compile(r'failed calling webhook "(?P<name>[^"]+)"'),
        "bring the server of webhook {name} back, or take its configuration away",
    ),
    (
        re.compile(r'violates PodSecurity "(?P<name>[^":]+)'),
        "give the pods the security context that level {name} asks for",
    ),
    (
        re.compile(r'serviceaccount "(?P<name>[^"]+)" not found'),
        "create the ServiceAccount {name}",
    ),
    (
        re.compile(r"didn't match (?:Pod's )?node (?:affinity/selector|selector)"),
        "label a node as nodeSelector and node affinity ask, or ask for less",
    ),
    (
        re.compile(r"Insufficient (?P<what>[^,.\s]+)"),
        "request less {what}, or add nodes",
    ),
    (
        re.compile(r"untolerated taint\(?s?\)? \{(?P<what>[^:}]+)"),
        "tolerate the taint {what}, or take it off a node",
    ),
    (
        re.compile(r'persistentvolumeclaim "(?P<name>[^"]+)" not found'),
        "create the PersistentVolumeClaim {name}",
    ),
    (
        re.compile(r"unable to (?:fetch metrics|get metrics)|metrics\.k8s\.io"),
        "install metrics-server, or see why it does not answer",
    ),
)


def remedy_for(message: str) -> str:
    """Return what to do about a message; empty if that takes somebody who knows more."""
    for phrase, remedy in _PHRASES:
        if match := phrase.search(message):
            return remedy.format(**match.groupdict())
    return remedy_for_missing(message)
