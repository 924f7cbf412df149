"""`make run` on a cluster that is neither ours, nor kind's, nor on this machine."""

import asyncio
import os
import signal
import sys

import pytest
import yaml

from hack.gen.__main__ import ROOT
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from tests.integration.test_connection_proxy import Tunnels
from tests.kit.eventually import eventually

FAR = "https://production.test:6443"
CRD_NAMES = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def context():
    """Return what the context is called."""
    return "production"


@pytest.fixture
async def kubeconfig(cluster, context, tmp_path):
    """Return a kubeconfig whose server has a name of its own, reached through a proxy."""
    async with Tunnels(cluster.server).open() as tunnels:
        document = yaml.safe_load(cluster.kubeconfig.read_text())
        document["clusters"][0]["cluster"] |= {
            "server": FAR,
            "proxy-url": tunnels.url,
            "tls-server-name": "127.0.0.1",
        }
        document["contexts"][0]["name"] = document["current-context"] = context
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(document))
        yield path, tunnels


async def started(kubeconfig, out, **environ):
    """Start `make run` with an environment."""
    flags = ["--leader-elect=false", "--probe-address=off"]
    with out.open("wb") as stream:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hack.run", *flags, "--metrics-address=off"),
            cwd=ROOT,
            env={**os.environ, "KUBECONFIG": str(kubeconfig), **environ},
            stdout=stream,
            stderr=asyncio.subprocess.STDOUT,
        )


@pytest.mark.parametrize("context", ["production", "pentad-local"])
async def test_unnamed_it_is_asked_nothing(kubeconfig, context, tmp_path):
    """Whatever it is called, no request is sent; exit code 2 and the way to mean it."""
    path, tunnels = kubeconfig
    process = await started(path, tmp_path / "out")

    async with asyncio.timeout(30):
        assert 2 == await process.wait()
    assert f"make run CONTEXT={context}" in (tmp_path / "out").read_text()
    assert [] == tunnels.asked


async def test_named_it_is_used_and_said(kubeconfig, tmp_path, rest):
    """CONTEXT=production installs the CRDs there and runs, without webhooks."""
    path, _ = kubeconfig
    out = tmp_path / "out"
    process = await started(path, out, CONTEXT="production")
    try:
        await eventually(lambda: "workers_started" in out.read_text(), within=60)
        assert f"context production, server {FAR}" in out.read_text()
        names = [each["metadata"]["name"] for each in rest.get(CRD_NAMES)["items"]]
        assert PENIN_OMEGA_CLUSTER.resource in names
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert 0 == await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
