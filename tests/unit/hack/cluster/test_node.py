"""What a real node is told, and what is said where there can be none."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from hack import packages
from hack.cluster import components, releases, roster
from hack.cluster.bundles import bundles
from hack.cluster.cluster import Cluster
from hack.cluster.errors import MissingToolError, NotRunningError, UsageError
from hack.cluster.layout import Layout
from hack.cluster.node import parts, tools
from hack.cluster.record import Ports, Record

PORTS = Ports(etcd=1001, apiserver=1002, controller_manager=1003, scheduler=1004, kwok=1005)
LAYOUT = Layout(Path("/state/clusters/x"))
BINARIES = {"runc": "/usr/sbin/runc", "bridge": "/cache/plugins/bridge"}
BARE = Record(kubernetes="1.36.3", binaries=BINARIES, ports=PORTS)
REAL = Record(kubernetes="1.36.3", binaries=BINARIES, ports=PORTS, network_number=3)
NETWORK = REAL.network


def flags(component):
    """Return the flags of a component by their names."""
    return dict(flag.removeprefix("--").split("=", 1) for flag in component.flags)


def test_a_cluster_with_a_node_has_its_parts():
    """Each is told by `status`, and can be killed and restarted by its name."""
    names = [each.name for each in roster.every(LAYOUT, REAL)]

    assert [each.name for each in roster.every(LAYOUT, BARE)] == names[: -len(parts.NAMES)]
    assert list(parts.NAMES) == names[-len(parts.NAMES) :]


def test_the_api_server_listens_where_the_node_reaches_it_and_nowhere_else():
    """On the bridge; with pods behind Services it has to find them itself."""
    told = flags(components.apiserver(LAYOUT, REAL))

    assert str(NETWORK.server) == told["bind-address"] == told["advertise-address"]
    assert "Node,RBAC" == told["authorization-mode"]
    assert "true" == told["enable-aggregator-routing"]


@pytest.fixture
def files(tmp_path):
    """Return the configuration of a node, written."""
    found = parts.configuration(Layout(tmp_path), REAL, NETWORK)
    found.write()
    return found


def test_containerd_knows_no_registry(files):
    """A name that was not loaded is asked of a port where nobody is."""
    told = tomllib.loads(files.containerd.read_text())
    registries = told["plugins"]["io.containerd.cri.v1.images"]["registry"]["config_path"]
    (host,) = (Path(registries) / "_default").iterdir()

    assert {"http://127.0.0.1:9"} == set(re.findall(r"https?://[^\"]+", host.read_text()))


def test_names_are_asked_of_the_node_alone(files):
    """The kubelet gives pods the name server's address, which forwards to nobody."""
    kubelet = json.loads(files.kubelet.read_text())

    assert ([str(NETWORK.node)], "") == (kubelet["clusterDNS"], kubelet["resolvConf"])
    assert f"bind {NETWORK.node}" in files.dns.read_text()
    assert "forward" not in files.dns.read_text()


def test_programs_of_a_node_are_built_only_for_one():
    """A control plane takes minutes less without."""
    release = releases.resolve("1.36")
    without = {name for each in bundles(release) for name in each.programs}
    with_node = {name for each in bundles(release, node=True) for name in each.programs}

    assert {"kubelet", "containerd", "coredns", "metrics-server", "bridge", "pause"} <= (
        with_node - without
    )


def test_what_is_missing_is_told_together(monkeypatch):
    """With the command that installs it."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(tools, "PATH", "/nowhere")

    with pytest.raises(MissingToolError, match=r"apt-get install hostname iproute2 .*runc"):
        tools.find()


def test_a_user_who_is_not_root_is_told_so(monkeypatch):
    """Before anything is built for nothing."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(UsageError, match="root"):
        tools.find()


def test_packages_are_named_where_they_cannot_be_installed(monkeypatch, capsys):
    """Somebody without root, or another distribution."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(tools, "PATH", "/nowhere")

    assert 1 == packages.main()
    assert "busybox-static" in capsys.readouterr().err


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Return a cluster that was made without a node and runs nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    cluster = Cluster.named("x")
    cluster.life.layout.root.mkdir(parents=True)
    BARE.write(cluster.life.layout)
    return cluster


def test_a_cluster_made_without_a_node_cannot_get_one(made):
    """Its API server listens elsewhere; a new one costs seconds."""
    with pytest.raises(UsageError, match="made without a node; take it down first"):
        Cluster.up(made.name, node=True)


def test_an_image_needs_a_node(made, tmp_path):
    """And the way to get one is told."""
    with pytest.raises(NotRunningError, match="up --node --name x"):
        made.load(tmp_path / "image.tar")
