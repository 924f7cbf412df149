"""Which kinds a server has: two requests, whatever their number (aggregated discovery)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import msgspec

from controller.cli.reading import Body, listed, text, words
from informers.client import Client
from informers.errors import DecodeError
from informers.meta.errors import UNREADABLE
from informers.meta.kinds import Kind
from informers.request import Request

_ROOTS: Final = ("/api", "/apis")
_FORM: Final = "application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
_ACCEPT: Final = ",".join([*(_FORM.format(version=each) for each in ("v2", "v2beta1"))])


@attrs.frozen(kw_only=True)
class Resource:
    """A kind as the server announces it."""

    kind: Kind
    singular: str = ""
    short: tuple[str, ...] = ()
    verbs: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """Return what people may call it, in lower case."""
        named = {self.kind.plural, self.singular, self.kind.kind.lower(), *self.short}
        return frozenset(named - {""})


@attrs.frozen(kw_only=True)
class Catalogue:
    """All kinds of a server, and the groups whose servers did not say what they have."""

    resources: Sequence[Resource]
    silent: Sequence[str] = ()


async def discover(client: Client) -> Catalogue:
    """Ask the server for its kinds, each at the version that it prefers."""
    resources: list[Resource] = []
    silent: list[str] = []
    for root in _ROOTS:
        response = await client.send(Request(method="GET", path=root, accept=_ACCEPT))
        found = read(response.body)
        resources += found.resources
        silent += found.silent
    return Catalogue(resources=resources, silent=silent)


def read(raw: bytes) -> Catalogue:
    """Read one answer.

    Raises:
        DecodeError: If it is no discovery document, as from a server before 1.27.
    """
    try:
        answer: Any = msgspec.json.decode(raw)
    except UNREADABLE as error:
        raise DecodeError(f"the server's list of kinds cannot be read: {error}") from error
    if text(answer, "kind") != "APIGroupDiscoveryList":
        raise DecodeError("the server does not list its kinds in one answer: it is too old")
    resources: dict[tuple[str, str], Resource] = {}
    silent = []
    for group in listed(answer, "items"):
        name = text(group, "metadata", "name")
        for version in listed(group, "versions"):  # the preferred one comes first
            if text(version, "freshness") == "Stale":
                silent.append(f"{name}/{text(version, 'version')}")
            for resource in _resources(name, version):
                resources.setdefault((name, resource.kind.plural), resource)
    return Catalogue(resources=list(resources.values()), silent=silent)


def _resources(group: str, version: Body) -> Iterator[Resource]:
    for each in listed(version, "resources"):
        kind, plural = text(each, "responseKind", "kind"), text(each, "resource")
        if kind and plural:
            yield Resource(
                kind=Kind(
                    group,
                    text(version, "version"),
                    kind,
                    plural,
                    namespaced=text(each, "scope") == "Namespaced",
                ),
                singular=text(each, "singularResource"),
                short=tuple(words(each, "shortNames")),
                verbs=frozenset(words(each, "verbs")),
            )
