"""An API that another program serves, behind the real API server.

Where there is no node, the Service in front of it is of type ExternalName: nothing that runs beside
the API server has an address that it could reach but loopback, and endpoints may not be loopback
addresses. Where there is one, the Service has the bridge's address behind it. The server's
certificate is for the name of the Service, which is what the aggregator checks.
"""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from tests.kit.eventually import eventually_blocking
from tests.kit.rest import Rest

_SERVICES: Final = "/apis/apiregistration.k8s.io/v1/apiservices"
_WITHIN: Final = 30.0
LOOPBACK: Final = "127.0.0.1"


@contextmanager
def registered(
    rest: Rest,
    group: str,
    versions: Sequence[str],
    *,
    namespace: str,
    service: str,
    port: int,
    authority: str,
    address: str = LOOPBACK,
) -> Iterator[None]:
    """Have the API server pass a group on to a port of this machine, as long as the block lasts.

    Available when the block begins, and gone when it has ended, however it ends.
    """
    _lead(rest, namespace, service, f"{address}:{port}")
    way = {"name": service, "namespace": namespace, "port": port}
    try:
        for place, version in enumerate(versions):
            body = _entry(group, version, way, authority, priority=len(versions) - place)
            rest.create(_SERVICES, body)
        for version in versions:
            path = f"{_SERVICES}/{version}.{group}"
            eventually_blocking(partial(_is_available, rest, path), within=_WITHIN)
        yield
    finally:
        for version in versions:
            rest.delete(f"{_SERVICES}/{version}.{group}")
        for version in versions:
            gone = partial(_is_gone, rest, f"/apis/{group}/{version}")
            eventually_blocking(gone, within=_WITHIN)


def _lead(rest: Rest, namespace: str, name: str, to: str) -> None:
    """Make the Service that leads to an address and port."""
    home, meta = f"/api/v1/namespaces/{namespace}", {"name": name}
    address, _, port = to.partition(":")
    if address == LOOPBACK:
        outside = {"type": "ExternalName", "externalName": "localhost"}
        rest.create(f"{home}/services", {"metadata": meta, "spec": outside})
        return
    ports = [{"name": "https", "port": int(port)}]
    rest.create(f"{home}/services", {"metadata": meta, "spec": {"ports": ports}})
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    body = {
        "metadata": meta | {"labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [{"addresses": [address]}],
    }
    rest.create(slices, body)


def _entry(
    group: str, version: str, service: dict[str, Any], authority: str, *, priority: int
) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{version}.{group}"},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 1000,
            "versionPriority": priority,
            "caBundle": base64.b64encode(authority.encode()).decode(),
            "service": service,
        },
    }


def _is_available(rest: Rest, path: str) -> bool:
    conditions = rest.get(path).get("status", {}).get("conditions", ())
    found = [each for each in conditions if each["type"] == "Available"]
    assert found, f"nothing is said of {path}"
    assert found[0]["status"] == "True", found[0]["message"]
    return True


def _is_gone(rest: Rest, path: str) -> bool:
    return rest.request("GET", path).status == HTTPStatus.NOT_FOUND
