"""One command's way to the server: who asks, of which namespace, and reading what it needs.

It only ever reads. Lists of many kinds go out side by side, eight at a time; what may not be listed
is noted and the rest is told, since few users may list everything.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import attrs

from controller.cli.discovery import Catalogue, discover
from controller.cli.errors import NoAnswer
from controller.cli.naming import Named, close, kind_for
from controller.cli.screen import Screen
from controller.cli.thing import Thing
from informers.client import PAGE_SIZE, Client
from informers.connection import connect
from informers.errors import Forbidden, InformersError, NotFound, StatusError
from informers.meta.kinds import Kind
from informers.request import ListOptions
from informers.snapshot import Snapshot

CONNECTIONS: Final = 8
MOST_PAGES: Final = 40
"""Of one list, which is 20,000 objects: more is not for people to look at."""
NEVER_OWNED: Final = frozenset({("", "Event"), ("events.k8s.io", "Event"), ("", "Endpoints")})
_METRICS: Final = "metrics.k8s.io"
_BARE: Final = frozenset(
    {
        ("", "ConfigMap"),
        ("", "LimitRange"),
        ("", "PodTemplate"),
        ("", "Secret"),
        ("", "ServiceAccount"),
        ("apps", "ControllerRevision"),
        ("coordination.k8s.io", "Lease"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("rbac.authorization.k8s.io", "Role"),
        ("rbac.authorization.k8s.io", "RoleBinding"),
    }
)
"""Kinds of which nothing but the metadata is asked: they have no readiness, and Secrets stay in."""


@attrs.frozen(kw_only=True)
class Way:
    """Where to ask, as flags say it."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    everywhere: bool = False
    timeout: float = 30.0


@attrs.define(eq=False)
class Inventory:
    """What was listed, and what could not be."""

    listed: dict[Kind, list[Snapshot]] = attrs.field(factory=dict)
    unlisted: dict[str, str] = attrs.field(factory=dict)

    def things(self, kind: tuple[str, str]) -> list[Thing]:
        """Return the objects of a group and kind."""
        return [
            Thing.of(each, snapshot)
            for each, snapshots in self.listed.items()
            if (each.group, each.kind) == kind
            for snapshot in snapshots
        ]


@attrs.define(eq=False)
class Session:
    """A connection to a server, and what one command reads through it."""

    client: Client
    screen: Screen
    namespace: str
    everywhere: bool
    context: str
    _catalogue: Catalogue | None = None

    @property
    def now(self) -> dt.datetime:
        """Return the time of day."""
        return self.client.clock.wall()

    @property
    def place(self) -> str:
        """Return what is listed: one namespace, or with an empty text all of them."""
        return "" if self.everywhere else self.namespace

    async def catalogue(self) -> Catalogue:
        """Return the kinds of the server, asked for once."""
        if self._catalogue is None:
            self._catalogue = await discover(self.client)
        return self._catalogue

    async def find(self, named: Named) -> Thing:
        """Read the object that the user names.

        Raises:
            WrongUse: If there is no such kind, or several.
            NoAnswer: If there is no such object, with those that are called nearly so.
        """
        kind = kind_for(named.word, (await self.catalogue()).resources).kind
        namespace = self.namespace if kind.namespaced else ""
        try:
            return Thing.of(kind, await self.client.get(kind, named.name, namespace=namespace))
        except ValueError as error:  # a name that would be another path
            raise NoAnswer(f"{named.name!r} is no name of an object") from error
        except NotFound as error:
            raise NoAnswer(await self._missing(kind, named.name)) from error

    async def inventory(self, root: Thing) -> Inventory:
        """List all that an object can own: in its namespace, or anywhere if it is in none."""
        kinds = [
            each.kind
            for each in (await self.catalogue()).resources
            if "list" in each.verbs
            and (each.kind.namespaced or not root.namespace)
            and (each.kind.group, each.kind.kind) not in NEVER_OWNED
            and each.kind.group != _METRICS
        ]
        found = await self.list_all(kinds, namespace=root.namespace)
        silent = (await self.catalogue()).silent
        found.unlisted |= dict.fromkeys(silent, "its server does not answer")
        return found

    async def list_all(
        self, kinds: Iterable[Kind], *, namespace: str, fields: str = ""
    ) -> Inventory:
        """List several kinds side by side, as far as that is allowed."""
        found = Inventory()
        failures: list[InformersError] = []

        async def one(kind: Kind) -> None:
            try:
                found.listed[kind] = await self.list_one(kind, namespace=namespace, fields=fields)
            except Forbidden:
                found.unlisted[kind.resource] = "you may not list them"
            except StatusError as error:
                found.unlisted[kind.resource] = error.message
            except InformersError as error:  # the server is gone, and that is the whole answer
                failures.append(error)

        async with asyncio.TaskGroup() as group:
            for kind in kinds:
                group.create_task(one(kind))
        if failures:
            raise failures[0]
        return found

    async def list_one(
        self,
        kind: Kind,
        *,
        namespace: str,
        fields: str = "",
        labels: str = "",
        bare: bool = False,
    ) -> list[Snapshot]:
        """List a kind, page by page."""
        options = ListOptions(
            namespace=namespace,
            field_selector=fields,
            label_selector=labels,
            limit=PAGE_SIZE,
            metadata_only=bare or (kind.group, kind.kind) in _BARE,
        )
        items: list[Snapshot] = []
        for _ in range(MOST_PAGES):
            page = await self.client.list(kind, options)
            items += page.items
            if not page.continue_token:
                return items
            options = attrs.evolve(options, continue_token=page.continue_token)
        self.screen.note(f"only the first {len(items)} {kind.plural} were read")
        return items

    async def _missing(self, kind: Kind, name: str) -> str:
        """Return that there is no such object, and which ones might have been meant."""
        place = f" in namespace {self.namespace}" if kind.namespaced else ""
        said = f"there is no {kind.kind} {name!r}{place}"
        others = await self._names(kind)
        if elsewhere := [each.namespace for each in others if each.name == name]:
            first, *more = sorted(elsewhere)
            besides = f" and {len(more)} other namespaces" if more else ""
            return f"{said}, but in {first}{besides}: add -n {first}"
        here = {each.name for each in others if each.namespace in ("", self.namespace)}
        if near := close(name, here):
            return f"{said}: did you mean {near}?"
        return f"{said}: `kubectl get {kind.resource} -A` lists all there are"

    async def _names(self, kind: Kind) -> Sequence[Thing]:
        """Return those of a kind as far as this user may list them."""
        for namespace in dict.fromkeys(("", self.namespace if kind.namespaced else "")):
            try:
                found = await self.list_one(kind, namespace=namespace, bare=True)
            except StatusError:
                continue
            return [Thing.of(kind, each) for each in found]
        return []


@asynccontextmanager
async def session(way: Way, screen: Screen) -> AsyncIterator[Session]:
    """Open the way to the server that the flags and the kubeconfig name."""
    connection = await connect(kubeconfig=way.kubeconfig, context=way.context)
    client = Client(
        connection, user_agent="kubectl-pentad", connections=CONNECTIONS, timeout=way.timeout
    )
    try:
        yield Session(
            client,
            screen,
            way.namespace or connection.namespace,
            way.everywhere,
            connection.context,
        )
    finally:
        await client.close()
