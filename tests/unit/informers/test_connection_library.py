"""The one entrance to kubernetes_asyncio: what it costs and what it relies on.

An upgrade of the library that breaks either is found here first.
"""

import inspect
import json
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from informers.connection import _enter
from tests.unit.informers.connection_world import kubeconfig, pod

ROOT = Path(__file__).parents[3]
ONLY = re.compile(r"^(kubernetes_asyncio|yaml|_yaml|aiohttp|cryptography|urllib3|six)(\.|$)")


def run(code: str, *arguments: str, warnings: str = "error"):
    """What a fresh interpreter prints as JSON."""
    result = subprocess.run(
        [sys.executable, "-W", warnings, "-c", textwrap.dedent(code), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == result.returncode, result.stderr
    return json.loads(result.stdout)


MEASURE = """
    import asyncio, json, resource, sys, time
    from pathlib import Path
    import attrs, multidict
    before, memory = set(sys.modules), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    from informers.connection import connect
    imported = time.process_time()
    async def main():
        environ = json.loads(sys.argv[1])
        return await connect(environ=environ, service_account=Path(sys.argv[2]))
    found = asyncio.run(main())
    print(json.dumps({
        "modules": sorted(set(sys.modules) - before),
        "seconds": time.process_time() - began,
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024,
        "server": found.server,
    }))
"""


def test_a_pod_connects_without_yaml_http_and_generated_code(tmp_path):
    """In a pod nothing of the library stays loaded, and no YAML, HTTP client or cryptography."""
    environ = pod(tmp_path)

    cost = run(MEASURE, json.dumps(environ), str(tmp_path))

    assert "https://10.0.0.1:443" == cost["server"]
    assert [] == [name for name in cost["modules"] if ONLY.match(name)]
    assert len(cost["modules"]) <= 60
    assert cost["megabytes"] <= 8
    assert cost["seconds"] <= 0.5  # 0.02 on an idle machine with compiled files


def test_a_kubeconfig_connects_without_http_and_generated_code(tmp_path):
    """The library's 859 modules and its HTTP client stay out, at bounded time and memory."""
    environ = {"KUBECONFIG": str(kubeconfig(tmp_path / "config", user={"token": "t"}))}

    cost = run(MEASURE, json.dumps(environ), str(tmp_path))

    seldom = re.compile(r"^(kubernetes_asyncio|aiohttp)(\.|$)")
    assert [] == [name for name in cost["modules"] if seldom.match(name)]
    assert len(cost["modules"]) <= 60
    assert cost["megabytes"] <= 8
    assert cost["seconds"] <= 0.5  # 0.03 on an idle machine with compiled files


def test_a_kubeconfig_in_json_needs_no_yaml(tmp_path):
    """A kubeconfig in JSON does not even load the YAML parser."""
    sections = {
        "clusters": [{"name": "j", "cluster": {"server": "http://h:1"}}],
        "contexts": [{"name": "j", "context": {"cluster": "j"}}],
    }
    (tmp_path / "config").write_text(json.dumps({"current-context": "j", **sections}))
    environ = {"KUBECONFIG": str(tmp_path / "config")}

    cost = run(MEASURE, json.dumps(environ), str(tmp_path))

    assert "http://h:1" == cost["server"]
    assert "yaml" not in cost["modules"]


@pytest.mark.parametrize("first", ["", "import kubernetes_asyncio"], ids=["after", "before"])
def test_an_ordinary_import_of_the_library_still_works(tmp_path, first):
    """Entering leaves no trace: elsewhere the whole library can be imported, before or after."""
    code = """
        import asyncio, json, sys
        FIRST
        from informers.connection import connect
        found = asyncio.run(connect(kubeconfig=sys.argv[1]))
        import kubernetes_asyncio.client, kubernetes_asyncio.config.kube_config, yaml
        print(json.dumps([
            found.headers()["Authorization"],
            kubernetes_asyncio.client.CoreV1Api.__name__,
            kubernetes_asyncio.config.load_kube_config.__name__,
            kubernetes_asyncio.config.kube_config.Configuration.__name__,
            yaml.safe_load("a: 1"),
        ]))
    """
    path = kubeconfig(tmp_path / "config", user={"token": "t"})

    found = run(code.replace("FIRST", first), str(path), warnings="ignore")

    assert ["Bearer t", "CoreV1Api", "load_kube_config", "Configuration", {"a": 1}] == found


def test_the_library_is_pinned_to_the_series_that_was_read():
    """The requirement admits only releases of the series whose private parts we rely on."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert "kubernetes-asyncio~=36.1.0" in project["dependencies"]


@pytest.mark.parametrize(
    ("module", "path", "parameters"),
    [
        ("kube_config", "KubeConfigMerger", ["paths"]),
        ("kube_config", "KubeConfigMerger._merge", ["self", "item", "add_cfg", "path"]),
        ("kube_config", "KubeConfigMerger.load_config", ["self", "path"]),
        ("kube_config", "ConfigNode", ["name", "value", "path"]),
        ("kube_config", "ExecProvider", ["exec_config"]),
        (
            "openid",
            "OpenIDRequestor",
            ["client_id", "client_secret", "issuer_url", "ssl_ca_cert"],
        ),
        ("openid", "OpenIDRequestor.refresh_token", ["self", "refresh_token"]),
        ("openid", "OpenIDRequestor._client_session", ["self"]),
        ("incluster_config", "InClusterConfigLoader._load_config", ["self"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_we_rely_on_in_the_library_is_there(module, path, parameters):
    """Each part of the library that we use, private ones too, has the signature we expect."""
    found = _enter(module)
    for name in path.split("."):
        found = getattr(found, name)

    assert parameters == list(inspect.signature(found).parameters)


def test_only_one_file_enters_the_library():
    """No other shipped file so much as names the library in code."""
    shipped = [
        path
        for part in ("informers", "controller", "reconcilers")
        for path in (ROOT / part).rglob("*.py")
    ]
    imports = re.compile(
        r"^\s*(from|import) kubernetes_asyncio|import_module\(.*kubernetes_asyncio", re.MULTILINE
    )

    assert [] == [path.name for path in shipped if imports.search(path.read_text())]
