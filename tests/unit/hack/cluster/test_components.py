"""What the components are told."""

from pathlib import Path

import msgspec
import pytest

from hack.cluster import components
from hack.cluster.layout import Layout
from hack.cluster.record import Ports, Record

LAYOUT = Layout(Path("/clusters/x"))
PORTS = Ports(etcd=1001, apiserver=1002, controller_manager=1003, scheduler=1004, kwok=1005)
BARE = Record(kubernetes="1.36.3", binaries={}, ports=PORTS)
WITH_NODES = msgspec.structs.replace(BARE, fake_nodes=1)


def flags(component):
    """Return a component's flags by name."""
    return dict(flag.removeprefix("--").split("=", 1) for flag in component.flags)


def test_kwok_runs_only_where_it_has_nodes():
    """A cluster without fake nodes has four processes, one with them five."""
    without = [each.name for each in components.every(LAYOUT, BARE)]
    with_nodes = [each.name for each in components.every(LAYOUT, WITH_NODES)]

    assert list(components.PROGRAMS[:4]) == without
    assert list(components.PROGRAMS) == with_nodes


@pytest.mark.parametrize(
    "component", components.every(LAYOUT, WITH_NODES), ids=lambda each: each.name
)
def test_nothing_is_reachable_from_outside(component):
    """Every address a component gets is on loopback, and every file is the cluster's own."""
    told = flags(component)

    listening = {"bind-address", "advertise-address", "server-address"}
    hosts = {value.split(":")[0] for name, value in told.items() if name in listening}
    urls = {value for name, value in told.items() if name.startswith("listen-")}
    assert hosts <= {"127.0.0.1"}
    assert all("//127.0.0.1:" in url for url in urls)
    files = {value for name, value in told.items() if value.startswith("/") and name != "config"}
    assert all(Path(file).is_relative_to(LAYOUT.root) for file in files if "10.96" not in file)


def test_api_server_aggregates():
    """The flags that let extension API servers trust this one are all there."""
    told = flags(components.apiserver(LAYOUT, BARE))

    names = {name for name in told if name.startswith(("requestheader-", "proxy-client-"))}
    assert names == {
        "requestheader-client-ca-file",
        "requestheader-allowed-names",
        "requestheader-username-headers",
        "requestheader-group-headers",
        "requestheader-extra-headers-prefix",
        "proxy-client-cert-file",
        "proxy-client-key-file",
    }
    assert told["requestheader-client-ca-file"] != told["client-ca-file"]


@pytest.mark.parametrize("name", [components.CONTROLLER_MANAGER, components.SCHEDULER])
def test_client_limits_are_raised(name):
    """Neither the controllers nor the scheduler are held to 20 requests a second."""
    found = next(each for each in components.every(LAYOUT, BARE) if each.name == name)

    assert int(flags(found)["kube-api-qps"]) >= 1000
    assert int(flags(found)["kube-api-burst"]) >= 1000


@pytest.mark.parametrize(
    ("without", "told"), [((), "*"), (("a", "b"), "*,-a,-b")], ids=["all", "all but two"]
)
def test_a_cluster_may_do_without_controllers(without, told):
    """Somebody else's program stands for them."""
    record = msgspec.structs.replace(BARE, without=without)

    assert told == flags(components.controller_manager(LAYOUT, record))["controllers"]


def test_stages_are_given_to_kwok():
    """All committed stages are on kwok's command line."""
    given = flags(components.kwok(LAYOUT, WITH_NODES))["config"].split(",")

    names = {Path(file).stem for file in given}
    assert {"pod-ready", "pod-complete", "pod-fail", "pod-delete", "node-ready"} <= names
