"""Experiments that say nothing sensible are refused by the API server, with a sentence."""

import pytest

from reconcilers.penin.api.experiment import PENIN_EXPERIMENT
from tests.integration.penin.experiment_world import experiment

SPECS = {
    "nothing different": ({"challenger": {}}, "say how the challenger differs"),
    "version and image": (
        {"challenger": {"version": "1", "image": "a:1"}},
        "a version is the tag of an image",
    ),
    "settings it does not read": (
        {"challenger": {"config": {"sigmaGuard": {"eceThreshold": 0.1}}}},
        "only sigmaGuard read",
    ),
    "a gauge without a name": (
        {"primary": {"type": "gauge", "minimumEffect": 1}},
        "a gauge or histogram is named by metric",
    ),
    "a success ratio with a name": (
        {"primary": {"metric": "a", "minimumEffect": 0.1}},
        "a gauge or histogram is named by metric",
    ),
    "fewer successes": (
        {"primary": {"direction": "Lower", "minimumEffect": 0.1}},
        "of successes more are better",
    ),
    "no effect": ({"primary": {"minimumEffect": 0}}, "minimumEffect"),
    "a guard without limits": ({"guards": [{"metric": "errorRatio"}]}, "a guard needs a maximum"),
    "never an error": (
        {"guards": [{"metric": "errorRatio", "maximum": 0}]},
        "that something never happens cannot be shown",
    ),
    "only errors": (
        {"guards": [{"metric": "errorRatio", "margin": 2}]},
        "of errors the limits are ratios",
    ),
    "one guard twice": (
        {"guards": [{"metric": "restarts", "maximum": 1}, {"metric": "restarts", "maximum": 2}]},
        "Duplicate value",
    ),
    "longer at least than at most": (
        {"minimumDuration": "2h", "maximumDuration": "1h"},
        "minimumDuration is above maximumDuration",
    ),
    "too often": ({"interval": "10ms"}, "pods are read once a second at most"),
    "a negative time": ({"warmUp": "-1s"}, "a time cannot be negative"),
    "more than half": ({"weight": 60}, "weight"),
    "an unknown service": ({"service": "redis"}, "service"),
    "no cluster": ({"cluster": None}, "cluster"),
}


@pytest.fixture
def collection(family, namespace):
    """Return where experiments are made, their kind served."""
    assert family.name == "penin"
    return PENIN_EXPERIMENT.path(namespace)


@pytest.mark.parametrize(("spec", "sentence"), SPECS.values(), ids=SPECS)
def test_a_spec_without_sense_is_refused(spec, sentence, rest, collection):
    """The sentence names what is wrong."""
    answer = rest.request("POST", collection, experiment(**spec))

    assert 422 == answer.status
    assert sentence in answer.body["message"]


@pytest.mark.parametrize(
    "patch",
    [{"weight": 10}, {"challenger": {"version": "2.0.0"}}, {"guards": []}, {"alpha": 0.1}],
    ids=lambda patch: next(iter(patch)),
)
def test_an_experiment_stays_as_it_began(patch, rest, collection):
    """Else its figures would be of several experiments; whether to promote may change."""
    rest.create(collection, experiment())
    path = f"{collection}/e"

    answer = rest.request(
        "PATCH", path, {"spec": patch}, content_type="application/merge-patch+json"
    )

    assert 422 == answer.status
    assert "an experiment stays as it began" in answer.body["message"]
    rest.merge(path, {"spec": {"promotion": "Automatic"}})
