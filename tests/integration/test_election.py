"""The election on a real Lease of a real API server (T22, T23, T27, T28)."""

import contextlib

import pytest

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.elector import Elector
from controller.runtime.election.fence import boottime
from controller.runtime.election.machine import Outcome, State
from informers.connection import connect
from tests.kit.answers import refusal
from tests.kit.eventually import eventually
from tests.kit.faults import WRITES, Cut, HalfOpen
from tests.kit.leaks import no_leaks
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

SHORT = {"lease": 4, "renew_deadline": 3.0, "retry": 0.4}
LEASES = "/apis/coordination.k8s.io/v1/namespaces/{}/leases/l"


@pytest.fixture
def proxy(cluster):
    """The API server behind faults."""
    with FaultProxy(Upstream.from_kubeconfig(cluster.kubeconfig)) as proxy:
        yield proxy


@pytest.fixture
def lease(rest, namespace):
    """A function that reads the Lease with a client of its own."""
    return lambda: rest.request("GET", LEASES.format(namespace)).ok()


@contextlib.asynccontextmanager
async def election(kubeconfig, namespace, **options):
    """One candidate for the Lease of this test."""
    connection = await connect(kubeconfig=kubeconfig)
    config = ElectionConfig(name="l", namespace=namespace, **SHORT)
    async with Elector(config, connection, **options) as elector:
        yield elector


@contextlib.asynccontextmanager
async def led_through(proxy, tmp_path, namespace):
    """A leader whose requests pass the fault proxy."""
    kubeconfig = proxy.kubeconfig(tmp_path / "proxy.yaml")
    async with election(kubeconfig, namespace) as elector:
        await elector.wait_leading()
        yield elector


async def test_lease_looks_as_those_of_other_components(cluster, namespace, lease):
    """Holder, durations and stamps are there for people, and a released lease is empty."""
    async with election(cluster.kubeconfig, namespace) as elector:
        await elector.wait_leading()
        first = lease()["spec"]
        assert first["holderIdentity"] == elector.config.identity
        assert (first["leaseDurationSeconds"], first["leaseTransitions"]) == (4, 0)
        assert first["acquireTime"] == first["renewTime"]
        await eventually(lambda: lease()["spec"]["renewTime"] > first["renewTime"])
        assert (await elector.release()).outcome is Outcome.RELEASED
    last = lease()["spec"]
    assert last.get("holderIdentity", "") == ""
    assert (last["leaseDurationSeconds"], last["leaseTransitions"]) == (1, 0)
    assert last["acquireTime"] == first["acquireTime"]


async def test_renewals_do_not_undo_what_others_put_on_the_lease(
    cluster, namespace, lease, kubectl
):
    """Labels and annotations survive the replacements of the election."""
    async with election(cluster.kubeconfig, namespace) as elector:
        await elector.wait_leading()
        kubectl("-n", namespace, "label", "lease", "l", "team=x")
        version = lease()["metadata"]["resourceVersion"]
        await eventually(lambda: lease()["metadata"]["resourceVersion"] != version)
        assert lease()["metadata"]["labels"] == {"team": "x"}
        # The label made one renewal conflict, which shuts the fence until the next reply is read.
        await eventually(lambda: elector.is_leading)
        await elector.release()


async def test_t22_network_errors_end_leading_and_another_takes_over(
    cluster, namespace, proxy, tmp_path
):
    """A leader that is cut off stops by itself before the one with a network can write."""
    async with (
        led_through(proxy, tmp_path, namespace) as old,
        election(cluster.kubeconfig, namespace) as new,
    ):
        proxy.refuse()
        proxy.cut_all()
        assert (await old.wait_lost()).outcome is Outcome.LOST
        stopped = boottime()
        assert 0 == old.fence.remaining()
        await new.wait_leading()
        assert boottime() - stopped < SHORT["lease"]
        await new.release()


@pytest.mark.parametrize("where", ["request", "reply"])
async def test_t23_hanging_renewals_end_leading_and_another_takes_over(
    cluster, namespace, proxy, tmp_path, where
):
    """Requests that hang, applied or not, cost the old leader its term and nobody a conflict."""
    async with (
        led_through(proxy, tmp_path, namespace) as old,
        election(cluster.kubeconfig, namespace) as new,
    ):
        proxy.add(HalfOpen(at=where))
        assert (await old.wait_lost()).outcome is Outcome.LOST
        assert 0 == old.fence.remaining()
        await new.wait_leading()
        await new.release()


async def test_t27_real_conflict_is_read_again_and_renewed(cluster, namespace, kubectl):
    """An annotation from outside makes the next PUT a 409; the lease is kept by reading again."""
    async with election(cluster.kubeconfig, namespace) as elector:
        await elector.wait_leading()
        kubectl("-n", namespace, "annotate", "lease", "l", "note=1")
        await eventually(lambda: elector.statistics().slow_paths, where=lambda n: n > 0)
        await eventually(lambda: elector.is_leading)
        await elector.release()


async def test_t27_holder_changed_by_hand_ends_leading(cluster, namespace, kubectl):
    """Who finds another holder in the Lease stops with that very request."""
    async with election(cluster.kubeconfig, namespace) as elector:
        await elector.wait_leading()
        patch = '{"spec":{"holderIdentity":"somebody"}}'
        kubectl("-n", namespace, "patch", "lease", "l", "--type=merge", "-p", patch)
        began = boottime()
        ended = await elector.wait_lost()
        assert (ended.outcome, ended.reason) == (Outcome.LOST, "the lease is held by somebody")
        assert boottime() - began < 1


async def test_t27_revoked_permission_ends_leading_in_time(namespace, proxy, tmp_path):
    """403 on every renewal: the term ends with the deadline, not later."""
    async with led_through(proxy, tmp_path, namespace) as elector:
        proxy.add(refusal(403))
        began = boottime()
        assert (await elector.wait_lost()).outcome is Outcome.LOST
        assert boottime() - began < SHORT["renew_deadline"] + 1


async def test_t28_release_races_renewals_whose_reply_is_lost(namespace, proxy, tmp_path, lease):
    """A renewal that was applied though its reply never came does not keep the lease held."""
    async with led_through(proxy, tmp_path, namespace) as elector:
        proxy.add(Cut(at="reply"), WRITES, times=1)
        await eventually(lambda: elector.statistics().failures, where=lambda n: n > 0)
        assert (await elector.release()).outcome is Outcome.RELEASED
    assert lease()["spec"].get("holderIdentity", "") == ""


async def test_t28_release_whose_reply_is_lost_is_still_a_release(
    namespace, proxy, tmp_path, lease
):
    """The reply of the release itself may be lost: reading again shows that it is done."""
    async with led_through(proxy, tmp_path, namespace) as elector:
        proxy.add(Cut(at="reply"), WRITES, times=1)
        assert (await elector.release()).outcome is Outcome.RELEASED
    assert lease()["spec"].get("holderIdentity", "") == ""


async def test_released_lease_is_taken_by_a_standby_within_a_pause(cluster, namespace, lease):
    """A clean hand-over takes a polling pause, not a lease duration; and is counted."""
    async with election(cluster.kubeconfig, namespace) as old:
        await old.wait_leading()
        async with election(cluster.kubeconfig, namespace) as new:
            await eventually(lambda: new.statistics().holder, equals=old.config.identity)
            await old.release()
            began = boottime()
            await new.wait_leading()
            assert boottime() - began < 1.2 * SHORT["retry"] + 0.5
            assert lease()["spec"]["leaseTransitions"] == 1
            await new.release()


async def test_deleted_lease_ends_leading(cluster, namespace, kubectl):
    """Without its Lease a leader has no proof."""
    async with election(cluster.kubeconfig, namespace) as elector:
        await elector.wait_leading()
        kubectl("-n", namespace, "delete", "lease", "l")
        ended = await elector.wait_lost()
        assert (ended.outcome, ended.reason) == (Outcome.LOST, "the Lease was deleted")


async def test_missing_namespace_is_told_and_waited_for(cluster, rest, namespace):
    """A namespace that is not there yet is a failing request with a reason, not an end."""
    lines = []
    absent = f"{namespace}-later"

    def log(event, /, **fields):
        lines.append((event, fields))

    async with election(cluster.kubeconfig, absent, log=log) as elector:
        await eventually(lambda: lines)
        assert lines[0][0] == "election_request_failed"
        assert f'namespaces "{absent}" not found' in lines[0][1]["reason"]
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": absent}}
        rest.create("/api/v1/namespaces", body)
        await elector.wait_leading()
        await elector.release()
    rest.delete(f"/api/v1/namespaces/{absent}")


async def test_nothing_is_left_behind_on_tls(cluster, namespace):
    """Thread and TLS connection end with the block."""
    async with no_leaks():
        async with election(cluster.kubeconfig, namespace) as elector:
            await elector.wait_leading()
            await elector.release()
        assert elector.statistics().state == State.ENDED.value
