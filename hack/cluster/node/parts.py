"""The processes of a node: the machine itself and what runs on it.

The name server and metrics-server are pods elsewhere; here they are processes beside the kubelet,
so that a node is whole before the first image is loaded.
"""

from pathlib import Path
from typing import Final

from hack.cluster.components import Component, as_flags, server_url
from hack.cluster.credentials import KeyPair
from hack.cluster.layout import Layout
from hack.cluster.network import NODE, Network
from hack.cluster.node import objects
from hack.cluster.node.files import Files
from hack.cluster.node.machine import NAME, Machine
from hack.cluster.record import Record

CONTAINERD: Final = "containerd"
KUBELET: Final = "kubelet"
PROXY: Final = "kube-proxy"
DNS: Final = "coredns"
METRICS: Final = objects.METRICS
NAMES: Final = (NAME, CONTAINERD, KUBELET, PROXY, DNS, METRICS)


def machine(layout: Layout, network: Network) -> Machine:
    """Return the machine of a cluster's node."""
    return Machine(layout.node, network)


def power(layout: Layout, network: Network) -> Component:
    """The machine itself, which is well as long as it runs."""
    program, *arguments = machine(layout, network).boot
    return Component(
        name=NAME,
        program=program,
        flags=tuple(arguments),
        url="",
        health=None,
        credentials=KeyPair.of(layout, "admin"),
    )


def runtime(layout: Layout, network: Network, files: Files) -> Component:
    """The container runtime."""
    url = f"http://{network.node}:1338"
    return Component(
        name=CONTAINERD,
        flags=as_flags({"config": files.containerd}),
        url=url,
        health=f"{url}/v1/metrics",
        credentials=KeyPair.of(layout, "admin"),
        is_inside=True,
    )


def kubelet(layout: Layout, record: Record, network: Network, files: Files) -> Component:
    """The kubelet, which is at work when its node is there."""
    url = f"http://{network.node}:10248"
    return Component(
        name=KUBELET,
        flags=as_flags(
            {
                "config": files.kubelet,
                "kubeconfig": layout.identity_kubeconfig(KUBELET),
                "hostname-override": NODE,
                "node-ip": network.node,
            }
        ),
        url=url,
        health=f"{url}/healthz",
        credentials=KeyPair.of(layout, "admin"),
        work=f"{server_url(record)}/api/v1/nodes/{NODE}",
        is_inside=True,
    )


def proxy(layout: Layout, network: Network) -> Component:
    """What makes Services reach their pods; it leaves this machine's connection table as it is."""
    url = f"http://{network.node}:10256"
    return Component(
        name=PROXY,
        flags=as_flags(
            {
                "kubeconfig": layout.identity_kubeconfig(PROXY),
                "hostname-override": NODE,
                "proxy-mode": "iptables",
                "cluster-cidr": network.pods,
                "healthz-bind-address": f"{network.node}:10256",
                "metrics-bind-address": f"{network.node}:10249",
                "conntrack-max-per-core": 0,
                "conntrack-tcp-timeout-established": "0s",
                "conntrack-tcp-timeout-close-wait": "0s",
            }
        ),
        url=url,
        health=f"{url}/healthz",
        credentials=KeyPair.of(layout, "admin"),
        is_inside=True,
    )


def dns(layout: Layout, network: Network, files: Files) -> Component:
    """The name server, which knows the cluster's names and no others."""
    url = f"http://{network.node}:8181"
    return Component(
        name=DNS,
        flags=as_flags({"conf": files.dns}),
        url=url,
        health=f"{url}/ready",
        credentials=KeyPair.of(layout, "admin"),
        is_inside=True,
    )


def metrics(layout: Layout, record: Record, network: Network) -> Component:
    """The server of metrics.k8s.io, which is at work when that API answers."""
    serving = KeyPair.of(layout, f"{METRICS}-serving")
    kubeconfig = layout.identity_kubeconfig(METRICS)
    url = f"https://{network.node}:{objects.METRICS_PORT}"
    return Component(
        name=METRICS,
        flags=as_flags(
            {
                "kubeconfig": kubeconfig,
                "authentication-kubeconfig": kubeconfig,
                "authorization-kubeconfig": kubeconfig,
                "secure-port": objects.METRICS_PORT,
                "bind-address": network.node,
                "tls-cert-file": serving.certificate,
                "tls-private-key-file": serving.key,
                "kubelet-certificate-authority": serving.authority,
                "kubelet-preferred-address-types": "InternalIP",
                "kubelet-request-timeout": "5s",
                "metric-resolution": "10s",
            }
        ),
        url=url,
        health=f"{url}/livez",
        credentials=KeyPair.of(layout, "admin"),
        work=f"{server_url(record)}{objects.METRICS_API}",
        is_inside=True,
    )


def every(layout: Layout, record: Record, network: Network) -> tuple[Component, ...]:
    """Return all parts of a node in the order they are started."""
    files = configuration(layout, record, network)
    return (
        power(layout, network),
        runtime(layout, network, files),
        kubelet(layout, record, network, files),
        proxy(layout, network),
        dns(layout, network, files),
        metrics(layout, record, network),
    )


def configuration(layout: Layout, record: Record, network: Network) -> Files:
    """Return the files that its programs read."""
    serving = KeyPair.of(layout, "kubelet-serving")
    return Files(
        folder=layout.node,
        network=network,
        plugins=Path(record.binaries["bridge"]).parent,
        runc=record.binaries["runc"],
        authority=serving.authority,
        serving=(serving.certificate, serving.key),
        dns_kubeconfig=layout.identity_kubeconfig(DNS),
    )
