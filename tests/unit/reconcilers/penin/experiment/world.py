"""Experiments as unit tests write them: specs as a user does, figures as sums of batches."""

import random
from bisect import bisect

import attrs

from informers.meta import codec
from reconcilers.penin.api.evidence import ArmState, ExperimentState
from reconcilers.penin.api.experiment import PeninExperiment, PeninExperimentSpec
from reconcilers.penin.experiment import sequence

LEAST = {
    "cluster": "a",
    "service": "omegaMeta",
    "challenger": {"version": "1.0.0"},
    "primary": {"minimumEffect": 0.01},
    "guards": [],
}


def spec(**changes):
    """Return a spec as a user writes it, with as little as there has to be."""
    return codec.convert({**LEAST, **changes}, PeninExperimentSpec)


def made(*, name="e", status=None, created="2026-01-01T00:00:00Z", annotations=None, **changes):
    """Return an experiment as the server has it."""
    whole = {
        "metadata": {
            "name": name,
            "namespace": "n",
            "uid": f"uid-{name}",
            "generation": 1,
            "creationTimestamp": created,
            "annotations": annotations or {},
        },
        "spec": {**LEAST, **changes},
        "status": status or {},
    }
    return codec.convert(whole, PeninExperiment)


@attrs.frozen
class Binomial:
    """How many of a number of requests fail: drawn exactly, quickly."""

    cumulated: list[float]

    @classmethod
    def of(cls, number, chance):
        """Prepare the distribution."""
        found, total, term = [], 0.0, (1 - chance) ** number
        for k in range(number + 1):
            total += term
            found.append(total)
            term *= (number - k) / (k + 1) * chance / (1 - chance)
        return cls(found)

    def draw(self, rng: random.Random) -> int:
        """Draw one number."""
        return bisect(self.cumulated, rng.random() * self.cumulated[-1])


def arm(batches, *, errors=()):
    """Return an arm with these (total, count) batches of the primary metric, and of errors."""
    primary = failed = ArmState().primary
    for total, count in batches:
        primary = sequence.add(primary, total, count)
    for total, count in errors:
        failed = sequence.add(failed, total, count)
    return ArmState(primary=primary, errors=failed)


def state(champion, challenger, *, elapsed=3600.0, **more):
    """Return what was added up of both."""
    return ExperimentState(elapsed=elapsed, champion=champion, challenger=challenger, **more)
