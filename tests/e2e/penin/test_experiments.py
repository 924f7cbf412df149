"""A challenger beside the champion, both real pods under the same load: won, lost, undecided."""

import pytest

from reconcilers.penin.api.experiment import PENIN_EXPERIMENT
from tests.e2e.penin.world import PATIENCE, PORTS
from tests.kit.eventually import eventually_blocking

pytestmark = pytest.mark.timeout(420)
SERVICE = "acfa-league"
AT_ONCE = 10
QUICK = {
    "interval": "1s",
    "warmUp": "0s",
    "minimumDuration": "1s",
    "maximumDuration": "120s",
    "minimumSamples": 100,
    "weight": 50,
    "guards": [{"metric": "restarts", "maximum": 0}],
    "primary": {"type": "successRatio", "direction": "Higher", "minimumEffect": 0.05},
}


def experiment(penin, **spec):
    """Begin to try another seed on a challenger; wait until it runs, then return its pods."""
    change = {"config": {"evolution": {"seed": 54321}}}
    body = {
        "apiVersion": PENIN_EXPERIMENT.api_version,
        "kind": PENIN_EXPERIMENT.kind,
        "metadata": {"name": "e"},
        "spec": {"cluster": "a", "service": "acfaLeague", "challenger": change, **QUICK, **spec},
    }
    penin.rest.create(PENIN_EXPERIMENT.path(penin.namespace), body)

    def tracks():
        found = {"champion": [], "challenger": []}
        for name, pod in penin.pods(SERVICE).items():
            conditions = pod["status"].get("conditions", ())
            if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
                found[pod["metadata"]["labels"]["penin.ai/track"]].append(name)
        return found

    return eventually_blocking(tracks, where=lambda found: all(found.values()), within=PATIENCE)


def judged(penin, tracks):
    """Have all pods work alike until there is a verdict; return the experiment."""
    path = PENIN_EXPERIMENT.path(penin.namespace, "e")

    def work():
        for names in tracks.values():
            for name in names:
                at = f"/api/v1/namespaces/{penin.namespace}/pods/{name}:{PORTS[SERVICE]}"
                for _ in range(AT_ONCE):
                    penin.rest.request("GET", f"{at}/proxy/work")
        return penin.rest.get(path)

    def is_judged(found):
        return found.get("status", {}).get("verdict")

    return eventually_blocking(work, where=is_judged, within=2 * PATIENCE)


def misbehave(penin, names, **behaviour):
    """Tell these pods how to behave."""
    for name in names:
        at = f"/api/v1/namespaces/{penin.namespace}/pods/{name}:{PORTS[SERVICE]}"
        penin.rest.request("POST", f"{at}/proxy/misbehave", behaviour).ok()


@pytest.mark.deep
def test_a_better_challenger_wins_and_is_promoted(running):
    """By the normal rollout; its own pods go."""
    penin = running()
    tracks = experiment(penin, promotion="Automatic")
    misbehave(penin, tracks["champion"], errors=0.3)

    found = judged(penin, tracks)

    assert "Win" == found["status"]["verdict"], found["status"]
    penin.becomes("Running", lambda one: one["spec"]["config"]["evolution"]["seed"] == 54321)
    eventually_blocking(
        lambda: set(tracks["challenger"]) & set(penin.pods(SERVICE)), equals=set(), within=PATIENCE
    )


def test_a_worse_challenger_loses(running):
    """The champion stays as it is, and its pods are the same."""
    penin = running()
    tracks = experiment(penin)
    misbehave(penin, tracks["challenger"], errors=0.4)

    found = judged(penin, tracks)

    assert "Lose" == found["status"]["verdict"], found["status"]
    assert 12345 == penin.now()["spec"]["config"]["evolution"]["seed"]
    eventually_blocking(
        lambda: list(penin.pods(SERVICE)), equals=tracks["champion"], within=PATIENCE
    )


@pytest.mark.deep
def test_one_that_is_disturbed_decides_nothing(running):
    """The champion was changed meanwhile: what was measured compares two different things."""
    penin = running()
    tracks = experiment(penin)
    penin.change(config={"evolution": {"seed": 1}})

    found = judged(penin, tracks)

    said = found["status"]
    assert ("Inconclusive", "ChampionChanged") == (said["verdict"], said["reason"]), said
