"""The types of an experiment: defaults, and what the API server is told of services."""

import yaml

from hack.gen.__main__ import ROOT
from informers.meta import codec
from reconcilers.penin.api.experiment import READS, PeninExperiment
from reconcilers.penin.api.partial import ConfigChange
from reconcilers.penin.cluster.services import SERVICES
from tests.unit.reconcilers.penin.experiment.world import spec


def test_the_rules_know_who_reads_what():
    """A setting that a service does not read makes no challenger of it."""
    wanted = {name: set() for name in READS}
    for role in SERVICES:
        for section in role.sections:
            wanted[section].add(role.key)

    assert wanted == {name: set(services) for name, services in READS.items()}
    assert set(READS) == set(codec.to_builtins(whole_change()))


def whole_change():
    """Return a change of all settings."""
    return codec.convert(
        {"budgetDailyUsd": 1, "caosPlus": {}, "sigmaGuard": {}, "evolution": {}}, ConfigChange
    )


def test_restarts_are_guarded_unless_said_otherwise():
    """A challenger that crashes never wins by accident."""
    whole = codec.to_builtins(spec())
    del whole["guards"]

    (guard,) = codec.convert(whole, type(spec())).guards

    assert ("restarts", 0.0) == (guard.metric, guard.maximum)


def test_the_sample_is_one():
    """With every field in its place."""
    text = (ROOT / "manifests/samples/penin/experiment.yaml").read_text()
    found = codec.convert(yaml.safe_load(text), PeninExperiment)

    assert ("penin-dev", "acfaLeague") == (found.spec.cluster, found.spec.service)
    assert 3 == len(found.spec.guards)
