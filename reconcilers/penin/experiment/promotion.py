"""Whether a challenger goes into its cluster's spec. Pure functions of what was found.

Promoting writes the fields in which the challenger differs and nothing else, so that the cluster's
own rollout brings them about, with its order, its deadlines and its way back. A challenger is
promoted where it won against the champion that is still there; all else is for a person to decide.
"""

from typing import Final

import attrs
from msgspec import UNSET

from informers.meta.conditions import is_true
from reconcilers.penin.api.experiment import PROMOTE, PeninExperiment
from reconcilers.penin.experiment.change import Patch, annotation_command, command, is_in, patch
from reconcilers.penin.experiment.progress import Scene
from reconcilers.penin.experiment.status import PROMOTED

_YES: Final = "true"


@attrs.frozen
class Promotion:
    """What to do: write `change` if there is one, and say why or why not."""

    reason: str
    message: str
    is_so: bool = False
    change: Patch | None = None


def promotion(scene: Scene) -> Promotion:
    """Decide about a finished experiment that was not promoted yet."""
    experiment, cluster = scene.experiment, scene.cluster
    if experiment.status.verdict != "Win":
        return Promotion("NotWon", "only a challenger that won is promoted: the champion stays")
    if cluster is None:
        return Promotion("ClusterGone", f"{experiment.spec.cluster} is gone")
    spec, namespace = experiment.spec, str(experiment.metadata.namespace)
    change = patch(spec, cluster.spec)
    by_hand = command(spec.cluster, namespace, change)
    if is_in(cluster.spec, change):
        return Promotion("Promoted", f"the spec of {spec.cluster} says so", is_so=True)
    recorded = experiment.status.champion
    current = None if scene.pair is None else scene.pair.champion.hash
    if recorded is UNSET or recorded.revision != current:
        message = (
            f"it won against a champion that has changed since; to promote it anyway: {by_hand}"
        )
        return Promotion("ChampionChanged", message)
    if spec.promotion == "Manual" and not is_approved(experiment):
        approve = annotation_command(str(experiment.metadata.name), namespace)
        message = f"to promote it: {approve}; or by hand: {by_hand}"
        return Promotion("WaitsForApproval", message)
    return Promotion("Promoting", f"the spec of {spec.cluster} is being changed", change=change)


def is_approved(experiment: PeninExperiment) -> bool:
    """Whether a person said that it is to be promoted."""
    annotations = experiment.metadata.annotations
    return annotations is not UNSET and annotations.get(PROMOTE) == _YES


def is_promoted(experiment: PeninExperiment) -> bool:
    """Whether that was done; what happens to the spec later is another matter."""
    found = experiment.status.conditions
    return found is not UNSET and is_true(found, PROMOTED)
