"""What tests of the connection need: a clock set by hand, kubeconfigs, pods, plugins, TLS."""

import datetime as dt
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.kit.certificates import Authority, server_context

START = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


class ManualClock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.now = START

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds

    def wall(self) -> dt.datetime:
        """The time of day."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Nobody sleeps here."""
        raise AssertionError(f"slept for {seconds} s")

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        self.now += dt.timedelta(seconds=seconds)

    def suspend(self, seconds: float) -> None:
        """Let the machine sleep: only the time of day moves on."""
        self.now += dt.timedelta(seconds=seconds)


def kubeconfig(
    path: Path,
    *,
    cluster: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
    name: str = "main",
    **top: Any,
) -> Path:
    """Write a kubeconfig with one context; `top` replaces whole sections."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {"name": name, "cluster": {"server": "http://10.1.2.3:80", **(cluster or {})}}
        ],
        "users": [{"name": name, "user": dict(user or {})}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, **(context or {})}}],
        **top,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({key: value for key, value in document.items() if value != ...}))
    return path


def pod(folder: Path, *, token: str = "pod-token", namespace: str = "pods") -> dict[str, str]:
    """Write a service account as kubelet mounts it; the environment that goes with it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_text(Authority("pod").pem)
    (folder / "namespace").write_text(namespace)
    return {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def plugin(path: Path, body: str) -> Path:
    """Write an executable shell script."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def answer(*, version: str = "v1", **status: Any) -> str:
    """Shell code that prints an ExecCredential."""
    credential = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": status,
    }
    return f"cat <<'END'\n{json.dumps(credential)}\nEND"


def server(authority: Authority, *, clients: Authority | None = None) -> ssl.SSLContext:
    """A server's context; with `clients`, one that wants a certificate of theirs."""
    context = server_context()
    authority.arm(context)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.pem)
    return context


def shake_hands(
    client: ssl.SSLContext, server: ssl.SSLContext, *, name: str = "localhost"
) -> ssl.SSLObject:
    """A whole TLS handshake in memory; the server's side of it."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [ours, theirs]
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
    return theirs
