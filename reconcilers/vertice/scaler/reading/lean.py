"""What caches keep of pods and workloads: as much as is read of them here, a tenth of the rest.

A cluster has many pods for each scaler, and of each a scaler wants to know how it is and what it
requests. What is cut never comes back, so these caches are nobody else's. What is kept is kept as
it came, unread: it is for the wire types of `pods` and `workloads` to say what it means.
"""

from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from informers.drift import our_claims
from informers.meta.builtin import POD, STATEFUL_SET
from informers.reflector import Source
from reconcilers.vertice.scaler.reading.kinds import REPLICA_SET


class _Part(Struct, rename="camel", omit_defaults=True):
    """Fields that are there or not."""


class _Meta(_Part):
    name: Raw | UnsetType = UNSET
    namespace: Raw | UnsetType = UNSET
    deletion_timestamp: Raw | UnsetType = UNSET


class _Resources(_Part):
    requests: Raw | UnsetType = UNSET


class _Container(_Part):
    name: Raw | UnsetType = UNSET
    resources: _Resources | UnsetType = UNSET
    restart_policy: Raw | UnsetType = UNSET


class _PodSpec(_Part):
    containers: list[_Container] | UnsetType = UNSET
    init_containers: list[_Container] | UnsetType = UNSET
    resources: _Resources | UnsetType = UNSET


class _Condition(_Part):
    type: str = ""
    status: Raw | UnsetType = UNSET
    last_transition_time: Raw | UnsetType = UNSET


class _PodStatus(_Part):
    phase: Raw | UnsetType = UNSET
    start_time: Raw | UnsetType = UNSET
    conditions: list[_Condition] | UnsetType = UNSET


class _Pod(_Part):
    metadata: _Meta
    spec: _PodSpec | UnsetType = UNSET
    status: _PodStatus | UnsetType = UNSET


class _WorkloadSpec(_Part):
    replicas: Raw | UnsetType = UNSET
    selector: Raw | UnsetType = UNSET


class _WorkloadStatus(_Part):
    replicas: Raw | UnsetType = UNSET


class _Workload(_Part):
    metadata: _Meta
    spec: _WorkloadSpec | UnsetType = UNSET
    status: _WorkloadStatus | UnsetType = UNSET


_POD: Final = msgspec.json.Decoder(_Pod)
_WORKLOAD: Final = msgspec.json.Decoder(_Workload)
_READY: Final = "Ready"


def lean_pod(raw: bytes) -> bytes:
    """Keep of a pod how it is and what it requests."""
    pod = _POD.decode(raw)
    if pod.status is not UNSET and pod.status.conditions is not UNSET:
        pod.status.conditions = [each for each in pod.status.conditions if each.type == _READY]
    return msgspec.json.encode(pod)


def lean_workload(raw: bytes) -> bytes:
    """Keep of a workload what its scale follows from."""
    return msgspec.json.encode(_WORKLOAD.decode(raw))


PODS: Final = Source(kind=POD, transform=lean_pod)
STATEFUL_SETS: Final = Source(kind=STATEFUL_SET, transform=lean_workload, claims=our_claims)
REPLICA_SETS: Final = Source(kind=REPLICA_SET, transform=lean_workload, claims=our_claims)
