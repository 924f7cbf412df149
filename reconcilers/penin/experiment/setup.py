"""Puts the controller of experiments together: what calls for a look, and who reads and divides."""

from collections.abc import Iterable

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.predicate import spec_changed
from controller.runtime.runtime import Runtime
from informers.lister import Lister
from informers.snapshot import Snapshot
from informers.store import Change
from reconcilers.penin.api.experiment import PeninExperiment
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.cluster.podstate import PODS, Pod
from reconcilers.penin.cluster.services import TRACK
from reconcilers.penin.experiment import progress
from reconcilers.penin.experiment.challenger import CHALLENGER
from reconcilers.penin.experiment.readers import ArmReader
from reconcilers.penin.experiment.reconciler import CHILDREN, NAME, PeninExperimentReconciler
from reconcilers.penin.experiment.splitter import ReplicaSplitter, Splitter
from reconcilers.penin.metrics.reconciler import Address
from reconcilers.penin.metrics.reconciler import address as address_of


def set_up(
    runtime: Runtime, *, address: Address = address_of, splitter: Splitter | None = None
) -> Controller:
    """Put the controller together."""
    experiments = runtime.lister(PeninExperiment)
    reconciler = PeninExperimentReconciler(
        runtime,
        reader=ArmReader(runtime.lister(Pod, PODS), address=address),
        splitter=splitter or ReplicaSplitter(),
    )
    builder = Builder(runtime, NAME).for_(PeninExperiment, spec_changed, optional=True)
    for kind in CHILDREN:
        builder.owns(kind)
        builder.watches(kind, lambda changed: freed_for(experiments, changed), challenger_went)
    builder.watches(PENIN_OMEGA_CLUSTER, lambda changed: of_cluster(experiments, changed))
    builder.watches(
        PeninExperiment.definition.kind, lambda changed: waiting_for(experiments, changed)
    )
    return builder.complete(reconciler)


def of_cluster(experiments: Lister[PeninExperiment], changed: Snapshot) -> Iterable[str]:
    """Return the experiments on a cluster."""
    namespace = changed.meta.namespace
    return [
        f"{namespace}/{each.metadata.name}"
        for each in experiments.list(namespace=namespace)
        if each.spec.cluster == changed.meta.name
    ]


def challenger_went(change: Change) -> bool:
    """Whether something of a challenger is gone: of its experiment nobody may be left to tell."""
    return change.new is None and change.latest.labels.get(TRACK) == CHALLENGER


def freed_for(experiments: Lister[PeninExperiment], went: Snapshot) -> Iterable[str]:
    """Return the experiments that may have waited for the name of what went."""
    namespace, cluster = went.meta.namespace, went.labels.get("cluster", "")
    return [
        f"{namespace}/{each.metadata.name}"
        for each in experiments.list(namespace=namespace)
        if progress.phase_of(each) == "Pending" and each.spec.cluster == cluster
    ]


def waiting_for(experiments: Lister[PeninExperiment], changed: Snapshot) -> Iterable[str]:
    """Return the experiments that may begin once this one is over, or gone."""
    namespace, one = changed.meta.namespace, experiments.memo.typed(changed)
    return [
        f"{namespace}/{each.metadata.name}"
        for each in experiments.list(namespace=namespace)
        if progress.phase_of(each) == "Pending"
        and progress.is_rival(each, one)
        and each.metadata.uid != one.metadata.uid
    ]
