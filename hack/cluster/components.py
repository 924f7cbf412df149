"""The command line of each component, and where its health is asked.

Without a node everything listens on loopback only, and the API server publishes no endpoints of
its own: nothing that runs here could reach them, and a loopback address would be refused. With a
node it listens on the bridge to it, and pods reach it there. Leader election inside the components
is off, as each runs once. Client limits of the controller manager and the scheduler
are raised, for they would otherwise be what a benchmark measures.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from hack.cluster.credentials import AGGREGATOR, KeyPair
from hack.cluster.layout import Layout
from hack.cluster.network import SERVICE_RANGE
from hack.cluster.record import Record

ETCD: Final = "etcd"
APISERVER: Final = "kube-apiserver"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"
KWOK: Final = "kwok"
PROVISIONS: Final = "enable-hostpath-provisioner"
PROGRAMS: Final = (ETCD, APISERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK)

PODS: Final = "198.19.0.1/16"  # with the nodes' own, the range reserved for benchmarks
_DEFAULT_ACCOUNT: Final = "/api/v1/namespaces/default/serviceaccounts/default"
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
STAGES: Final = Path(__file__).parent / "stages"
AUDIT_POLICY: Final = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  nonResourceURLs: ["/livez*", "/readyz*", "/healthz*"]
- level: Metadata
"""


@attrs.frozen(kw_only=True)
class Component:
    """One process of a cluster.

    `health` is where it says that it is well, `work` what the API server has through its work only.
    One that runs inside is a process of the node.
    """

    name: str
    flags: tuple[str, ...]
    url: str
    health: str | None
    credentials: KeyPair
    work: str | None = None
    program: str | None = None
    is_inside: bool = False


def server_url(record: Record) -> str:
    """Return where the API server is reached, by this machine as by the node."""
    host = "127.0.0.1" if record.network is None else record.network.server
    return f"https://{host}:{record.ports.apiserver}"


def _loopback(port: int, *, scheme: str = "https") -> str:
    return f"{scheme}://127.0.0.1:{port}"


def as_flags(options: Mapping[str, object]) -> tuple[str, ...]:
    """Write options as a command line has them."""
    return tuple(f"--{name}={value}" for name, value in options.items())


def etcd(layout: Layout, record: Record) -> Component:
    """The store; nothing is synced to disk, as no cluster is meant to survive a power cut."""
    pair = KeyPair.of(layout, "etcd", authority="etcd-ca")
    url = _loopback(record.ports.etcd)
    return Component(
        name=ETCD,
        flags=as_flags(
            {
                "name": "etcd",
                "data-dir": layout.etcd_data,
                "unsafe-no-fsync": "true",
                "heartbeat-interval": 20,  # one member, so it elects itself without waiting
                "election-timeout": 200,
                "quota-backend-bytes": 8 << 30,
                "listen-client-urls": url,
                "advertise-client-urls": url,
                "listen-peer-urls": "http://127.0.0.1:0",
                "client-cert-auth": "true",
                "trusted-ca-file": pair.authority,
                "cert-file": pair.certificate,
                "key-file": pair.key,
                "log-level": "warn",
            }
        ),
        url=url,
        health=f"{url}/health",
        credentials=KeyPair.of(layout, "etcd-client", authority="etcd-ca"),
    )


def apiserver(layout: Layout, record: Record) -> Component:
    """The API server, with aggregation, RBAC and an audit log."""
    pki = layout.pki
    serving = KeyPair.of(layout, "kube-apiserver")
    store = KeyPair.of(layout, "etcd-client", authority="etcd-ca")
    aggregator = KeyPair.of(layout, AGGREGATOR, authority="front-proxy-ca")
    url = server_url(record)
    return Component(
        name=APISERVER,
        flags=as_flags(
            {
                "etcd-servers": _loopback(record.ports.etcd),
                "etcd-cafile": store.authority,
                "etcd-certfile": store.certificate,
                "etcd-keyfile": store.key,
                "secure-port": record.ports.apiserver,
                "tls-cert-file": serving.certificate,
                "tls-private-key-file": serving.key,
                "client-ca-file": serving.authority,
                "allow-privileged": "true",
                "service-cluster-ip-range": SERVICE_RANGE,
                "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
                "service-account-key-file": pki / "service-accounts.pub",
                "service-account-signing-key-file": pki / "service-accounts.key",
                "requestheader-client-ca-file": aggregator.authority,
                "requestheader-allowed-names": AGGREGATOR,
                "requestheader-username-headers": "X-Remote-User",
                "requestheader-group-headers": "X-Remote-Group",
                "requestheader-extra-headers-prefix": "X-Remote-Extra-",
                "proxy-client-cert-file": aggregator.certificate,
                "proxy-client-key-file": aggregator.key,
                "audit-log-path": layout.audit_log,
                "audit-policy-file": layout.audit_policy,
                "audit-log-maxsize": 1024,
                "audit-log-maxbackup": 2,
            }
            | _reach(layout, record)
        ),
        url=url,
        health=f"{url}/readyz",
        credentials=KeyPair.of(layout, "admin"),
    )


def _reach(layout: Layout, record: Record) -> dict[str, object]:
    """Who reaches the API server, and whom it reaches: with a node, its kubelet and its pods."""
    if record.network is None:
        return {
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "endpoint-reconciler-type": "none",
            "authorization-mode": "RBAC",
        }
    kubelet = KeyPair.of(layout, "kubelet-client")
    return {
        "bind-address": record.network.server,
        "advertise-address": record.network.server,
        "authorization-mode": "Node,RBAC",
        "enable-aggregator-routing": "true",  # this machine knows pods, not Services
        "kubelet-client-certificate": kubelet.certificate,
        "kubelet-client-key": kubelet.key,
        "kubelet-certificate-authority": kubelet.authority,
        "kubelet-preferred-address-types": "InternalIP",
    }


def _client_of_apiserver(layout: Layout, name: str, *, port: int) -> dict[str, object]:
    serving = KeyPair.of(layout, "loopback")
    kubeconfig = layout.identity_kubeconfig(name)
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": serving.certificate,
        "tls-private-key-file": serving.key,
        "leader-elect": "false",
        "kube-api-qps": 2000,
        "kube-api-burst": 4000,
    }


def controller_manager(layout: Layout, record: Record) -> Component:
    """The built-in controllers, with the host-path provisioner."""
    port = record.ports.controller_manager
    authority = KeyPair.of(layout, "admin").authority
    return Component(
        name=CONTROLLER_MANAGER,
        flags=as_flags(
            _client_of_apiserver(layout, CONTROLLER_MANAGER, port=port)
            | {
                "use-service-account-credentials": "true",
                "root-ca-file": authority,
                "service-account-private-key-file": layout.pki / "service-accounts.key",
                "cluster-signing-cert-file": authority,
                "cluster-signing-key-file": authority.with_suffix(".key"),
                "controllers": ",".join(("*", *(f"-{each}" for each in record.without))),
                PROVISIONS: "true",
                "concurrent-deployment-syncs": 20,
                "concurrent-replicaset-syncs": 20,
                "concurrent-statefulset-syncs": 20,
                "concurrent-job-syncs": 20,
                "concurrent-gc-syncs": 40,
                "concurrent-namespace-syncs": 20,
            }
        ),
        url=_loopback(port),
        health=f"{_loopback(port)}/healthz",
        credentials=KeyPair.of(layout, "admin"),
        work=f"{server_url(record)}{_DEFAULT_ACCOUNT}",
    )


def scheduler(layout: Layout, record: Record) -> Component:
    """The scheduler."""
    port = record.ports.scheduler
    return Component(
        name=SCHEDULER,
        flags=as_flags(_client_of_apiserver(layout, SCHEDULER, port=port)),
        url=_loopback(port),
        health=f"{_loopback(port)}/healthz",
        credentials=KeyPair.of(layout, "admin"),
    )


def kwok(layout: Layout, record: Record) -> Component:
    """The player of fake nodes."""
    url = _loopback(record.ports.kwok, scheme="http")
    stages = ",".join(str(file) for file in sorted(STAGES.glob("*.yaml")))
    return Component(
        name=KWOK,
        flags=as_flags(
            {
                "kubeconfig": layout.identity_kubeconfig(KWOK),
                "config": stages,
                "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
                "node-lease-duration-seconds": 40,
                "cidr": PODS,
                "server-address": f"127.0.0.1:{record.ports.kwok}",
            }
        ),
        url=url,
        health=f"{url}/healthz",
        credentials=KeyPair.of(layout, "admin"),
        # It takes nodes up one by one; a pod on a node that has no lease yet gets no address.
        work=f"{server_url(record)}{_LEASES}/{node_name(record.fake_nodes - 1)}",
    )


def node_name(index: int) -> str:
    """Return the name of a fake node, counted from zero."""
    return f"fake-{index:04d}"


def clients(layout: Layout, record: Record) -> tuple[Component, ...]:
    """Return the components that are clients of the API server; kwok only where it has nodes."""
    always = (controller_manager(layout, record), scheduler(layout, record))
    return (*always, kwok(layout, record)) if record.fake_nodes else always


def every(layout: Layout, record: Record) -> tuple[Component, ...]:
    """Return all components of a cluster."""
    return (etcd(layout, record), apiserver(layout, record), *clients(layout, record))
