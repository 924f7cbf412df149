"""What the API server's audit log says was done, and what roles allow: is that the same?

    audit = Audit(cluster.audit_log, user="system:serviceaccount:pentad-system:pentad")
    ...
    assert [] == audit.refused()
    assert expected.keys() == unexplained(audit, roles)

A grant is one verb on one resource, a subresource being `widgets/status`. Requests are counted from
the moment the `Audit` is made. Only local clusters have an audit log that can be read.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

REFUSALS: Final = frozenset({401, 403})
SELDOM: Final[Mapping[str, str]] = {
    "get": "Read live only after a conflict, or a write whose outcome is unknown.",
    "list": "Only where content is not streamed: an older server, a proxy that eats bookmarks.",
    "bind": "Asked for by the API server when a binding names the role; no request says it.",
    "finalizers": "Asked for by the API server where OwnerReferencesPermissionEnforcement is on.",
}
"""Verbs, and one subresource, that an undisturbed run does not use, and when they are needed."""


@attrs.frozen(order=True)
class Grant:
    """One verb on one resource."""

    resource: str
    verb: str


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    api_group: str = ""


class _User(msgspec.Struct, frozen=True):
    username: str = ""


class _Status(msgspec.Struct, frozen=True):
    code: int = 0


class Entry(msgspec.Struct, frozen=True, rename="camel"):
    """One line of the log, as far as it is looked at."""

    at: dt.datetime = msgspec.field(name="stageTimestamp")
    stage: str = ""
    verb: str = ""
    request_uri: str = msgspec.field(name="requestURI", default="")
    user: _User = _User()
    object_ref: _Object = _Object()
    response_status: _Status = _Status()

    @property
    def grants(self) -> set[Grant]:
        """What has to be granted for it: an apply that creates needs to be allowed both."""
        found = self.object_ref
        name = ".".join(filter(None, (found.resource, found.api_group)))
        full = "/".join(filter(None, (name, found.subresource)))
        creates = self.verb == "patch" and self.response_status.code == HTTPStatus.CREATED
        return {Grant(full, verb) for verb in (self.verb, *(("create",) if creates else ()))}


_LINE: Final = msgspec.json.Decoder(Entry)


def entries(log: Path, *, since: int = 0) -> list[Entry]:
    """Return what a log has from this byte on, the oldest first; a line on its way is left out."""
    with log.open("rb") as found:
        found.seek(since)
        return [_LINE.decode(line) for line in found if line.endswith(b"\n")]


class Audit:
    """The requests of one user from now on."""

    def __init__(self, log: Path, *, user: str) -> None:
        self._log = log
        self._user = user
        self._begin = log.stat().st_size

    def entries(self) -> list[Entry]:
        """Every request that was answered, the oldest first; long ones count when they begin."""
        found = entries(self._log, since=self._begin)
        return [entry for entry in found if entry.user.username == self._user]

    def used(self) -> set[Grant]:
        """What was done to resources and not refused."""
        return {
            grant
            for entry in self.entries()
            if entry.object_ref.resource and entry.response_status.code not in REFUSALS
            for grant in entry.grants
        }

    def refused(self) -> list[str]:
        """What was not allowed, for people."""
        return [
            f"{entry.verb} {entry.request_uri}: {entry.response_status.code}"
            for entry in self.entries()
            if entry.response_status.code in REFUSALS
        ]


def granted(documents: Iterable[Mapping[str, Any]]) -> set[Grant]:
    """What the roles that are bound among some manifests allow."""
    found = list(documents)
    bound = {each["roleRef"]["name"] for each in found if "roleRef" in each}
    roles = [each for each in found if "rules" in each and each["metadata"]["name"] in bound]
    return {grant for role in roles for grant in _grants(role["rules"])}


def unused_grants(audit: Audit, roles: Iterable[Mapping[str, Any]]) -> dict[Grant, str]:
    """What bound roles allow and nobody asked for, with the reason where one is known.

    Those without a reason (`""`) have to be explained by the test, or taken away.
    """
    return {grant: seldom(grant) for grant in sorted(granted(roles) - audit.used())}


def unexplained(audit: Audit, roles: Iterable[Mapping[str, Any]]) -> set[Grant]:
    """What they allow and nobody asked for, apart from what every undisturbed run leaves out."""
    return {grant for grant, reason in unused_grants(audit, roles).items() if not reason}


def seldom(grant: Grant) -> str:
    """Why an undisturbed run does not use it, as `SELDOM` says; empty where that is no wonder."""
    subresource = grant.resource.partition("/")[2]
    return SELDOM.get(subresource or grant.verb, "")


def _grants(rules: Iterable[Mapping[str, Any]]) -> Iterator[Grant]:
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                name, slash, subresource = resource.partition("/")
                full = ".".join(filter(None, (name, group))) + slash + subresource
                yield from (Grant(full, verb) for verb in rule["verbs"])
