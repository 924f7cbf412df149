"""A manager that dies between any two of its writes: the next one ends in the same state."""

import pytest

from informers.errors import FenceClosed, OutcomeUnknown
from informers.meta.builtin import EVENT
from reconcilers.penin.proposal.course import FINAL
from reconcilers.penin.proposal.reconciler import set_up
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

WITHIN = 45
MORE = {"replicas": {"sigmaGuard": 3}}
WRITES = 12
"""More than an undisturbed run takes; a fuse that never blows is tested as well."""


class Fuse:
    """Lets a client write so many times, and never again; the last one may or may not arrive."""

    def __init__(self, writes, *, arrives):
        self.left = writes
        self.is_blown = False
        self._arrives = arrives

    def put_into(self, client):
        """Count the writes of a client, Events apart."""
        send = client.send

        async def counted(request, **options):
            if not request.is_write or request.kind == EVENT:
                return await send(request, **options)
            if self.left > 0:
                self.left -= 1
                return await send(request, **options)
            if self._arrives and not self.is_blown:
                self.is_blown = True
                await send(request, **options)
                raise OutcomeUnknown(f"{request}: dead before the answer")
            self.is_blown = True
            raise FenceClosed(f"{request}: dead")

        client.send = counted


def operate(world, *, worse):
    """Tell the cluster's state as its operator does: with the change it fails, if it is to."""
    found = world.rest.get(world.path)
    is_changed = found["spec"]["replicas"]["sigmaGuard"] == 3
    phase = "Failed" if worse and is_changed else "Running"
    status = found.get("status", {})
    if (status.get("observedGeneration"), status.get("phase")) != (
        found["metadata"]["generation"],
        phase,
    ):
        world.tell(phase=phase)


@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "unanswered"])
@pytest.mark.parametrize("worse", [True, False], ids=["reverted", "kept"])
@pytest.mark.parametrize("writes", range(WRITES))
async def test_the_next_manager_goes_on(cluster, namespace, world, writes, arrives, worse):
    """The same spec, the same owners, the same ledger, and nothing twice."""
    world.cluster(replicas={"sigmaGuard": 2}, policy={"soak": "0s"})
    world.tell()
    name = world.propose(MORE)
    fuse = Fuse(writes, arrives=arrives)

    def dying(runtime):
        fuse.put_into(runtime.client)
        return set_up(runtime)

    def is_over():
        operate(world, worse=worse)
        return fuse.is_blown or world.said(name)[0] in FINAL

    async with hosted(cluster, dying, namespaces=[namespace]):
        await eventually(is_over, within=WITHIN)
    async with hosted(cluster, set_up, namespaces=[namespace]):

        def is_done():
            operate(world, worse=worse)
            left = world.proposal(name)["metadata"].get("finalizers", [])
            return world.said(name)[0] in FINAL and not left

        await eventually(is_done, within=WITHIN)

    end, number, owner = (
        ("Reverted", 2, "jane/Apply") if worse else ("Kept", 3, "pentad-penin-proposal/Apply")
    )
    assert end == world.said(name)[0]
    assert number == world.spec()["replicas"]["sigmaGuard"]
    assert {owner} == world.owners("replicas.sigmaGuard")
    assert ["applied", end.lower()] == world.decisions()
