"""The addresses of a cluster with a node: apart from everybody else's, and enough of them."""

from ipaddress import ip_network

import pytest

from hack.cluster.components import PODS
from hack.cluster.network import SERVICE_RANGE, Network

BENCHMARKS = ip_network("198.18.0.0/15")
LAST = 127


def test_everything_lies_in_the_range_that_nobody_routes():
    """A packet that gets lost on its way reaches nobody's machine."""
    for network in (Network(0), Network(LAST)):
        assert network.pods.subnet_of(BENCHMARKS)
        assert {network.server in BENCHMARKS, network.node in BENCHMARKS} == {True}


def test_two_networks_share_no_address():
    """Clusters run side by side."""
    first, second = Network(3), Network(4)

    assert not first.pods.overlaps(second.pods)
    assert len({first.server, first.node, second.server, second.node}) == 4


@pytest.mark.parametrize("number", [0, LAST])
def test_pods_are_apart_from_the_node_and_from_fake_pods(number):
    """An address says what has it."""
    network = Network(number)

    assert network.server not in network.pods
    assert network.node not in network.pods
    assert not network.pods.overlaps(ip_network(PODS, strict=False))
    assert not network.pods.overlaps(SERVICE_RANGE)


def test_there_is_room_for_as_many_pods_as_a_kubelet_takes():
    """110 pods, their gateway, and the two addresses that no machine has."""
    assert Network(0).pods.num_addresses >= 110 + 3
