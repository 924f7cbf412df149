"""The configuration files of what runs on a node, as text.

JSON is YAML, so the kubelet's and the network's are written by a JSON encoder. Image names cannot
reach a registry: the machine has no way out, and containerd is told of none.
"""

from pathlib import Path
from typing import Any, Final

import attrs
import msgspec

from hack.cluster.network import Network

PAUSE: Final = "docker.io/local/pause:1"
SOCKET: Final = "/run/containerd/containerd.sock"  # the machine's own /run
DOMAIN: Final = "cluster.local"
_NOWHERE: Final = """\
server = "http://127.0.0.1:9"
[host."http://127.0.0.1:9"]
"""


@attrs.frozen(kw_only=True)
class Files:
    """Where the files of one node are, and what they depend on."""

    folder: Path
    network: Network
    plugins: Path
    runc: str
    authority: Path
    serving: tuple[Path, Path]
    dns_kubeconfig: Path

    @property
    def containerd(self) -> Path:
        """The container runtime's."""
        return self.folder / "containerd.toml"

    @property
    def kubelet(self) -> Path:
        """The kubelet's."""
        return self.folder / "kubelet.json"

    @property
    def dns(self) -> Path:
        """The name server's."""
        return self.folder / "Corefile"

    @property
    def _network_folder(self) -> Path:
        return self.folder / "net.d"

    @property
    def _registries(self) -> Path:
        return self.folder / "registries"

    def write(self) -> None:
        """Write them all."""
        for folder in (self._network_folder, self._registries / "_default"):
            folder.mkdir(parents=True, exist_ok=True)
        (self._registries / "_default" / "hosts.toml").write_text(_NOWHERE)
        (self._network_folder / "10-pentad.conflist").write_bytes(_json(self._pod_network()))
        self.containerd.write_text(self._containerd())
        self.kubelet.write_bytes(_json(self._kubelet()))
        self.dns.write_text(self._dns())

    def _pod_network(self) -> dict[str, Any]:
        pods = self.network.pods
        addresses = {
            "type": "host-local",
            "dataDir": "/var/lib/cni/addresses",
            "ranges": [[{"subnet": str(pods), "gateway": str(pods[1])}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        }
        bridge = {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": True,
            "hairpinMode": True,
            "ipam": addresses,
        }
        ports = {"type": "portmap", "capabilities": {"portMappings": True}}
        return {"cniVersion": "1.0.0", "name": "pentad", "plugins": [bridge, ports]}

    def _containerd(self) -> str:
        """Return it; scores for the killer of memory hogs would need a right that root may lack."""
        runtime = "plugins.'io.containerd.cri.v1.runtime'"
        images = "plugins.'io.containerd.cri.v1.images'"
        return f"""\
version = 3
root = "{self.folder}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"]
[grpc]
address = "{SOCKET}"
[metrics]
address = "{self.network.node}:1338"
[{runtime}]
restrict_oom_score_adj = true
[{runtime}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[{runtime}.containerd.runtimes.runc.options]
BinaryName = "{self.runc}"
[{runtime}.cni]
bin_dirs = ["{self.plugins}"]
conf_dir = "{self._network_folder}"
use_internal_loopback = true
[{images}.pinned_images]
sandbox = "{PAUSE}"
[{images}.registry]
config_path = "{self._registries}"
"""

    def _kubelet(self) -> dict[str, Any]:
        certificate, key = self.serving
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": str(self.network.node),
            "healthzBindAddress": str(self.network.node),
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self.authority)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(certificate),
            "tlsPrivateKeyFile": str(key),
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "clusterDNS": [str(self.network.node)],
            "clusterDomain": DOMAIN,
            "resolvConf": "",
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,
            "volumePluginDir": "/var/lib/kubelet/plugins",
        }

    def _dns(self) -> str:
        address = self.network.node
        return f"""\
.:53 {{
    bind {address}
    errors
    ready {address}:8181
    kubernetes {DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {self.dns_kubeconfig}
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""


def _json(content: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2)
