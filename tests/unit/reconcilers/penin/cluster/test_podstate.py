"""Why pods are not ready, in a few words."""

import pytest

from informers.meta import codec
from reconcilers.penin.cluster.podstate import Pod, why_not_ready


def pod(*containers, name="a-1", **conditions):
    """Return a pod with these containers and conditions."""
    return codec.convert(
        {
            "metadata": {"name": name},
            "status": {
                "conditions": [{"type": kind, **said} for kind, said in conditions.items()],
                "containerStatuses": list(containers),
            },
        },
        Pod,
    )


def waiting(reason, message=""):
    """Return a container that waits."""
    return {"state": {"waiting": {"reason": reason, "message": message}}}


NOWHERE = {"status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}
ENDED = {"lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
PULL = waiting("ImagePullBackOff", 'Back-off pulling image "x"')


@pytest.mark.parametrize(
    ("pods", "said"),
    [
        ([], ""),
        ([pod(Ready={"status": "True"})], ""),
        ([pod(waiting("ContainerCreating"))], ""),
        ([pod(PULL)], 'ImagePullBackOff: Back-off pulling image "x"'),
        (
            [pod(waiting("CrashLoopBackOff", "back-off 5m") | ENDED)],
            "CrashLoopBackOff: back-off 5m, it ended with 137",
        ),
        ([pod(ENDED)], "a-1 ended with 137 (OOMKilled) and was started again"),
        ([pod(PodScheduled=NOWHERE)], "Unschedulable: 0/3 nodes are available"),
        ([pod(ContainersReady={"status": "False"})], "a-1 does not answer 200 to /health"),
        ([pod(PodScheduled=NOWHERE), pod(PULL)], 'ImagePullBackOff: Back-off pulling image "x"'),
    ],
    ids=[
        "no pods",
        "a ready pod",
        "one that starts",
        "no image",
        "ends again and again",
        "ended once",
        "no node",
        "not healthy",
        "the gravest",
    ],
)
def test_the_gravest_reason_is_told(pods, said):
    """Of those that are not ready."""
    assert said == why_not_ready(pods)
