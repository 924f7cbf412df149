"""How a controller is put together.

    Builder(runtime, "widget").for_(Widget).owns(CONFIG_MAP).with_options(workers=10).complete(
        WidgetReconciler(runtime)
    )

`for_` names the kind that is reconciled, `owns` kinds whose objects call for their owner,
`watches` anything else by a mapper of one's own, `and_source` what is not a kind at all. Each of
the first three takes `resync=seconds`: a look at every object about that often, though nothing
changed; for what no watch tells of, such as the state of a machine outside. None by default.
"""

from typing import Any, Self

import attrs

from controller.runtime.controller import Controller, Options, TerminalHook
from controller.runtime.handler import Mapper, own_key, owner
from controller.runtime.paused import Paused, has_conditions
from controller.runtime.predicate import Predicate
from controller.runtime.reconcile import Reconciler
from controller.runtime.runtime import Runtime, cached, kind_of
from controller.runtime.source import KindSource, Source
from controller.runtime.stalled import Stalled
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.reflector import Source as Reflected


class Builder:
    """Collects what a controller is made of; `complete` makes it."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._runtime = runtime
        self._name = name
        self._kind: Kind | None = None
        self._type: type[Resource] | None = None
        self._sources: list[Source] = []
        self._options = Options()
        self._on_terminal: TerminalHook | None = None

    def for_(
        self,
        type_: type[Resource],
        *predicates: Predicate,
        optional: bool = False,
        resync: float = 0.0,
    ) -> Self:
        """Reconcile this kind; with `optional`, a missing CRD is waited for."""
        if self._kind is not None:
            raise ValueError(f"{self._name}: for_() names one kind, and it is {self._kind}")
        self._type, self._kind = type_, kind_of(type_)
        return self._add(cached(self._kind), own_key, predicates, optional=optional, resync=resync)

    def owns(
        self, kind: Kind, *predicates: Predicate, optional: bool = False, resync: float = 0.0
    ) -> Self:
        """Call for the owner when an object of this kind, controlled by it, changes.

        With `optional`, a kind that is not served has no objects, until it is.
        """
        if self._kind is None:
            raise ValueError(f"{self._name}: say for_() before owns(): whose children are they?")
        return self._add(
            cached(kind), owner(self._kind), predicates, optional=optional, resync=resync
        )

    def watches(
        self,
        source: Kind | Reflected,
        mapper: Mapper,
        *predicates: Predicate,
        optional: bool = False,
        resync: float = 0.0,
    ) -> Self:
        """Call for whatever the mapper makes of a changed object.

        With `optional`, a kind that is not served has no objects, until it is.
        """
        reflected = cached(source) if isinstance(source, Kind) else source
        return self._add(reflected, mapper, predicates, optional=optional, resync=resync)

    def and_source(self, source: Source) -> Self:
        """Take keys from something that is not a kind."""
        self._sources.append(source)
        return self

    def with_options(self, **options: Any) -> Self:  # noqa: ANN401 - the fields of Options
        """Set options by name; see `Options`."""
        self._options = attrs.evolve(self._options, **options)
        return self

    def on_terminal(self, hook: TerminalHook) -> Self:
        """Tell this hook when an object cannot be helped by trying again."""
        self._on_terminal = hook
        return self

    def complete(self, reconciler: Reconciler) -> Controller:
        """Make the controller."""
        if not self._sources:
            raise ValueError(f"{self._name}: nothing would ever call it; say for_() or watches()")
        return Controller(
            self._name,
            reconciler,
            self._sources,
            clock=self._runtime.clock,
            log=self._runtime.log,
            options=self._options,
            on_terminal=self._on_terminal or self._stalled(),
            on_pause=self._paused(),
            caches=self._runtime.informers,
        )

    def _stalled(self) -> TerminalHook | None:
        """The condition and Event of a kind that can carry conditions."""
        if self._type is None or "status" not in self._type.__struct_fields__:
            return None
        runtime, kind = self._runtime, kind_of(self._type)
        return Stalled(
            kind,
            runtime.informers.acquire(cached(kind)),
            runtime.status_writer(self._name, self._type),
            runtime.recorder,
        )

    def _paused(self) -> Paused | None:
        """The condition and Events of a kind that can carry conditions, kept by one controller."""
        if self._type is None or not has_conditions(self._type):
            return None
        runtime, kind = self._runtime, kind_of(self._type)
        if kind in runtime.pauses:
            return None
        runtime.pauses.add(kind)
        return Paused(
            kind,
            runtime.status_writer(self._name, self._type),
            client=runtime.client,
            recorder=runtime.recorder,
        )

    def _add(
        self,
        reflected: Reflected,
        mapper: Mapper,
        predicates: tuple[Predicate, ...],
        *,
        optional: bool = False,
        resync: float = 0.0,
    ) -> Self:
        self._sources.append(
            KindSource(
                self._runtime.informers,
                reflected,
                mapper=mapper,
                predicates=predicates,
                optional=optional,
                resync=resync,
                log=self._runtime.log,
            )
        )
        return self
