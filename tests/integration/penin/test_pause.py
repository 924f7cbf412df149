"""A pause as users see it, on a real control plane."""

from informers.meta.builtin import EVENT
from tests.integration.penin.world import WITHIN, condition, is_running, message
from tests.kit.eventually import eventually

NAME = "penin/a"


def paused(found):
    """Return what the cluster says of its pause; nothing while it says nothing."""
    said = {each["type"] for each in found["status"]["conditions"]}
    return condition(found, "Paused") if "Paused" in said else ()


async def test_a_pause_is_seen_and_so_is_its_end(
    running, rest, path, namespace, kubectl, deployments
):
    """With why, by which program, and in one Event each; what was changed meanwhile then comes."""
    await running()
    kubectl("annotate", NAME, f"-n={namespace}", "pentad.dev/paused=true")
    told = await eventually(lambda: rest.get(path), where=paused, within=WITHIN)

    assert ("True", "PausedByAnnotation") == paused(told)
    assert message(told, "Paused").endswith(" (set with kubectl-annotate)")
    rest.merge(path, {"spec": {"replicas": {"sigmaGuard": 3}}})
    words = "pentad.dev/paused-reason=Ana moves the disks"
    kubectl("annotate", NAME, f"-n={namespace}", words)
    told = await eventually(
        lambda: rest.get(path), where=lambda found: "Ana" in message(found, "Paused"), within=WITHIN
    )
    wide = kubectl("get", NAME, f"-n={namespace}", "-o=wide").splitlines()
    assert "True" == wide[1][wide[0].index("PAUSED") :].split()[0]
    assert 1 == deployments()["a-sigma-guard"]["spec"]["replicas"]

    kubectl("annotate", NAME, f"-n={namespace}", "pentad.dev/paused-")
    ended = await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)
    assert ("False", "Resumed") == paused(ended)
    assert 3 == deployments()["a-sigma-guard"]["spec"]["replicas"]
    for reason in ("Paused", "Resumed"):
        events = await eventually(lambda reason=reason: about(rest, namespace, reason))
        assert [1] == [each["count"] for each in events]


def about(rest, namespace, reason):
    """Return the Events of the cluster with a reason."""
    found = rest.get(EVENT.path(namespace))["items"]
    return [
        each for each in found if (each["reason"], each["involvedObject"]["name"]) == (reason, "a")
    ]
