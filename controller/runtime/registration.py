"""What a family hands to the manager and to the generators: one frozen object, no side effects.

A family declares `FAMILY` in its `family.py`; `controller/families.py` lists them. The manager
starts what stands here, `make generate` prints CRDs, RBAC and webhook configurations from it, so
the three cannot drift apart.

Registrations hold functions and types, never connections: importing them starts nothing.
"""

import re
from collections.abc import Callable
from typing import Any, Final, Literal

import attrs

from controller.runtime.controller import Controller
from controller.runtime.obs.declared import Declared, Told
from controller.runtime.runtime import Runtime
from informers.meta.kinds import Kind
from informers.meta.object import Resource

Verb = Literal[
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "bind"
]
Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]

READ: Final[tuple[Verb, ...]] = ("get", "list", "watch")
OWN: Final[tuple[Verb, ...]] = (*READ, "create", "patch", "delete")
_ANY: Final = "*"
_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def _dns_label(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not _LABEL.fullmatch(value):
        raise ValueError(
            f"{type(instance).__name__}.{attribute.name}={value!r} becomes part of object names: "
            "use lower-case letters, digits and dashes, starting with a letter"
        )


def _dns_label_or_nothing(instance: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if value:
        _dns_label(instance, attribute, value)


def _not_everything(
    instance: "Permission", attribute: "attrs.Attribute[tuple[str, ...]]", value: tuple[str, ...]
) -> None:
    if not value or _ANY in value:
        raise ValueError(
            f"Permission.{attribute.name}={value!r} ({instance.reason}): name each one, "
            "so that a reader of the role sees what is granted"
        )


def _named(
    instance: "Permission", attribute: "attrs.Attribute[tuple[str, ...]]", value: tuple[str, ...]
) -> None:
    if not instance.is_open or not instance.group:
        _not_everything(instance, attribute, value)
    elif value != (_ANY,):
        raise ValueError(f"Permission ({instance.reason}): what is_open has resources=('*',)")


@attrs.frozen(kw_only=True)
class Permission:
    """What may be done to which resources, and the reason an auditor reads beside it.

    `names` narrows it to objects of these names. `namespaced=False` is for resources that live
    outside namespaces: they can only be granted cluster-wide, so `--namespaces` goes without them.
    `is_open` is for a group whose resources are named by others, as metrics are: then, and only
    then, `resources` is `("*",)`.
    """

    reason: str = attrs.field(validator=attrs.validators.min_len(1))
    group: str
    resources: tuple[str, ...] = attrs.field(validator=_named)
    verbs: tuple[Verb, ...] = attrs.field(validator=_not_everything)
    names: tuple[str, ...] = ()
    namespaced: bool = True
    is_open: bool = False

    @classmethod
    def read(cls, kind: Kind, *, reason: str) -> "Permission":
        """See objects of the kind, as an informer does."""
        return cls(
            group=kind.group,
            resources=(kind.plural,),
            verbs=READ,
            reason=reason,
            namespaced=kind.namespaced,
        )

    @classmethod
    def change(cls, kind: Kind, *, reason: str) -> "Permission":
        """Change objects of the kind beyond their status: finalizers, fields that are others'."""
        return attrs.evolve(cls.read(kind, reason=reason), verbs=("patch",))

    @classmethod
    def own(cls, kind: Kind, *, reason: str) -> "Permission":
        """Create, apply and delete objects of the kind, as for children."""
        return attrs.evolve(cls.read(kind, reason=reason), verbs=OWN)


@attrs.frozen(kw_only=True)
class MatchCondition:
    """A CEL expression the API server evaluates before it calls the webhook."""

    name: str
    expression: str


@attrs.frozen(kw_only=True)
class Webhook:
    """An admission webhook for one kind; `handler` is what the admission server calls.

    `failure_policy` says what happens to requests while no manager answers: `Fail` refuses them.
    """

    name: str = attrs.field(validator=_dns_label)
    kind: Kind
    mode: Literal["validate", "mutate"]
    handler: Callable[..., Any]
    operations: tuple[Operation, ...] = ("CREATE", "UPDATE")
    failure_policy: Literal["Fail", "Ignore"] = "Fail"
    timeout_seconds: int = 5
    match_conditions: tuple[MatchCondition, ...] = ()

    @property
    def path(self) -> str:
        """The path of the admission server this webhook answers at."""
        kind = self.kind
        return f"/{self.mode}/{kind.group or 'core'}/{kind.version}/{kind.plural}/{self.name}"

    @property
    def full_name(self) -> str:
        """The name of the webhook's entry, which the API server wants to look like a domain."""
        return f"{self.name}.{self.kind.resource}"


@attrs.frozen(kw_only=True)
class LentRole:
    """A ClusterRole for others than the manager; it may bind it to them and has none of it."""

    name: str = attrs.field(validator=_dns_label)
    permissions: tuple[Permission, ...]

    @property
    def lending(self) -> Permission:
        """What the manager needs to bind it."""
        return Permission(
            group="rbac.authorization.k8s.io",
            resources=("clusterroles",),
            verbs=("bind",),
            names=(self.name,),
            reason=f"{self.name} is bound to whom it is for, without being the manager's own.",
        )


@attrs.frozen(kw_only=True)
class ControllerSpec:
    """One controller of a family: `set_up` makes it with the tools of the manager that runs it."""

    name: str = attrs.field(validator=_dns_label)
    set_up: Callable[[Runtime], Controller]


@attrs.frozen(kw_only=True)
class Figures:
    """What a family tells Prometheus of its objects, beside what is told of every controller.

    `reader` is called once, when controllers are set up; what it returns is called at each scrape,
    on the loop: it reads caches and never waits. Only what it tells then has a series, so those of
    deleted objects end with them.
    """

    declared: tuple[Declared, ...]
    reader: Callable[[Runtime], Callable[[], Told]]


@attrs.frozen(kw_only=True)
class Family:
    """One product family: its kinds, who works on them, who checks them, what that takes.

    What a family needs for its own kinds (reading them, their status, being the owner of children)
    follows from `kinds`; `permissions` is what it needs beyond, such as to keep finalizers. `home`
    is the namespace of an installation for it alone, `NAME-system` if it says none.
    """

    name: str = attrs.field(validator=_dns_label)
    kinds: tuple[type[Resource], ...]
    controllers: tuple[ControllerSpec, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    permissions: tuple[Permission, ...] = ()
    figures: tuple[Figures, ...] = ()
    lent: tuple[LentRole, ...] = ()
    home: str = attrs.field(default="", validator=_dns_label_or_nothing)

    @property
    def namespace(self) -> str:
        """Where an installation for it alone lives."""
        return self.home or f"{self.name}-system"
