"""A cluster's ledger from the decision to the proof, on a real control plane."""

import asyncio

import pytest

from informers.client import Client
from informers.connection import connect
from reconcilers.penin.ledger import reconciler as ledger
from reconcilers.penin.ledger.entries import Place
from reconcilers.penin.ledger.verification import Unreadable, by_proxy, gather, told
from tests.integration.cli.world import Commands
from tests.integration.penin.proposal.test_ledger_writer import Running
from tests.integration.penin.world import condition
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

WITHIN = 30
LEDGER = {"storage": {"wormLedger": {"enabled": True}}}
MORE = {"replicas": {"sigmaGuard": 3}}


@pytest.fixture
async def keeping(cluster, namespace, family):
    """Run the controller of ledgers."""
    assert family.kinds
    async with hosted(cluster, ledger.set_up, namespaces=[namespace], image="pentad:1") as host:
        yield host


@pytest.fixture
async def client(cluster):
    """Return a client as the command line has one."""
    made = Client(await connect(kubeconfig=cluster.kubeconfig))
    yield made
    await made.close()


@pytest.fixture
def children(rest, namespace):
    """Return a function that names what there is of the writer."""
    kinds = {
        "deployments": "/apis/apps/v1",
        "serviceaccounts": "/api/v1",
        "roles": "/apis/rbac.authorization.k8s.io/v1",
        "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
    }

    def names():
        return {
            f"{plural}/{each['metadata']['name']}"
            for plural, group in kinds.items()
            for each in rest.get(f"{group}/namespaces/{namespace}/{plural}")["items"]
            if each["metadata"]["name"].startswith("a-")
        }

    return names


WRITER = {
    f"{plural}/a-ledger-writer"
    for plural in ("deployments", "serviceaccounts", "roles", "rolebindings")
}


@pytest.mark.usefixtures("keeping")
async def test_the_writer_comes_and_goes_with_the_ledger(world, children):
    """And the right to propose with self-architecting."""
    world.cluster(**LEDGER)
    proposing = {"rolebindings/a-sr-omega-infinity"}
    await eventually(children, equals=WRITER | proposing, within=WITHIN)
    await eventually(
        lambda: said(world),
        equals=("False", "NotReported"),
        within=WITHIN,
    )

    off = {"storage": {"wormLedger": {"enabled": False}}, "selfArchitecting": {"enabled": False}}
    world.rest.merge(world.path, {"spec": off})

    await eventually(children, equals=set(), within=WITHIN)
    await eventually(
        lambda: said(world),
        equals=("False", "TurnedOff"),
        within=WITHIN,
    )


async def test_without_an_image_it_says_so(cluster, namespace, world, children):
    """The services do not wait for it."""
    world.cluster(**LEDGER)
    async with hosted(cluster, ledger.set_up, namespaces=[namespace]):
        await eventually(
            lambda: said(world),
            equals=("False", "ImageUnknown"),
            within=WITHIN,
        )
        assert {"rolebindings/a-sr-omega-infinity"} == children()


def said(world):
    """Return what the cluster says of its ledger, nothing if it says nothing yet."""
    found = world.rest.get(world.path)
    kinds = {each["type"] for each in found.get("status", {}).get("conditions", ())}
    return condition(found, ledger.KIND) if ledger.KIND in kinds else None


def told_of(gathered, place):
    """Return the last line that a person reads."""
    return told(place, gathered)[-1]


@pytest.mark.usefixtures("keeping", "judging")
async def test_decisions_are_proven(cluster, namespace, tmp_path, world, client):
    """From the proposal over the volume to the verdict; a changed byte is found and named."""
    world.cluster(**LEDGER, replicas={"sigmaGuard": 2})
    world.tell()
    place = Place(namespace=namespace, cluster="a")
    writer = Running(cluster, namespace, tmp_path)
    await asyncio.to_thread(writer.start)
    try:
        name = world.propose(MORE)
        await world.reaches(name, "Applied")
        world.tell()
        await world.ends(name)
        await eventually(
            lambda: said(world),
            equals=("True", "Written"),
            within=WITHIN,
        )

        async def read(offset):
            _, body = await asyncio.to_thread(writer.get, f"/ledger?offset={offset}")
            return body

        gathered = await gather(client, place, read=read)
        assert "whole: every hash is right" == told_of(gathered, place)
        assert (2, 2) == (gathered.report.entries, gathered.report.on_volume)
        reference = world.proposal(name)["status"]["ledger"]
        assert {"sequence": 2, "hash": gathered.report.head} == reference

        content = bytearray(writer.path.read_bytes())
        content[-20] ^= 1
        writer.path.write_bytes(content)
        gathered = await gather(client, place, read=read)
        assert "NOT WHOLE: see above" == told_of(gathered, place)
        assert {2} == {problem.sequence for problem in gathered.report.problems}
    finally:
        await asyncio.to_thread(writer.kill)


@pytest.mark.usefixtures("judging")
async def test_the_command_line_tells_it(cluster, namespace, tmp_path, world):
    """By exit code, in words and as JSON; from a copy of the volume, or without one."""
    pentad = Commands(cluster.kubeconfig, namespace)
    world.cluster(replicas={"sigmaGuard": 2})
    world.tell()
    await world.ends(world.propose({"replicas": {"sigmaGuard": 9}}))
    raw = world.ledger()[0]["data"]["entry"]
    copy = tmp_path / "ledger.jsonl"
    copy.write_text(f"{raw}\n")

    async def ask(*words):
        return await asyncio.to_thread(pentad, "ledger", *words)

    objects = await ask("verify", "a", "--objects-only")
    assert (0, 1, True) == (objects.code, objects.data["entries"], objects.data["whole"])
    whole = await ask("verify", "penin/a", "--file", str(copy), "-o", "text")
    assert (0, True) == (whole.code, "whole: every hash is right" in whole.out)
    shown = await ask("show", "a", "--objects-only", "-o", "text")
    assert "rejected" in shown.out
    assert "OutOfBounds" in shown.out

    copy.write_text(f"{raw.replace('a', 'b', 1)}\n")
    broken = await ask("verify", "a", "--file", str(copy))
    assert (1, [1]) == (broken.code, sorted({e["entry"] for e in broken.data["problems"]}))
    nobody = await ask("verify", "a")
    assert (3, True) == (nobody.code, "no ledger-writer of" in nobody.err)
    assert 2 == (await ask("verify", "deploy/a")).code


async def test_a_volume_that_nobody_shows_is_said_so(client, namespace):
    """With what to do."""
    with pytest.raises(Unreadable, match=r"no ledger-writer of .* runs"):
        await by_proxy(client, Place(namespace=namespace, cluster="a"))
