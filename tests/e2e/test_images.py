"""The images as pods on a real node: they start unprivileged, are small, and are what is listed."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hack.cluster.errors import BuildError
from hack.images import buildah, recipes
from tests.kit.eventually import eventually_blocking
from tests.kit.images import ensure, image
from tests.kit.node import manifest, pod

PATIENCE = 60
RELEASES = ("0.9.0", "0.9.1-bad", "0.9.2-crash")
BOUNDS = {"pentad": 48, "penin-service": 26, "redis": 15, "postgres": 50, "tools": 30}
"""The most that each may take when it is packed, in MB."""

LISTED = """
import importlib.metadata, json
status = open("/var/lib/dpkg/status").read().split("\\n\\n")
fields = [dict(l.split(": ", 1) for l in each.splitlines() if ": " in l) for each in status]
debian = {f["Package"]: f["Version"] for f in fields if f.get("Status", "").endswith(" installed")}
python = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
print(json.dumps({"deb": debian, "pypi": python}))
"""
FROZEN = """
import datetime as dt
from reconcilers.penin.api.architecting import FreezeWindow
from reconcilers.penin.proposal.windows import contains
window = FreezeWindow(days=("Tue",), from_="22:00", to="06:00", zone="America/Sao_Paulo")
for hour in (0, 3, 8, 9):
    print(contains(window, dt.datetime(2026, 3, 4, hour, tzinfo=dt.timezone.utc)))
"""
"""In São Paulo it is three hours earlier than there."""


@pytest.fixture
def strict(ask, room):
    """Return the test's namespace, which takes pods only under Pod Security `restricted`."""
    ask("label", "namespace", room, "pod-security.kubernetes.io/enforce=restricted")
    return room


def confined(name, reference, *command, env=(), writable=("/tmp",)):
    """Return a pod of an image that may do nothing but run, on a read-only root file system."""
    made = pod(name, *command)
    spec, (container,) = made["spec"], made["spec"]["containers"]
    volumes = [f"v{number}" for number, _ in enumerate(writable)]
    spec["securityContext"] = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    spec["volumes"] = [{"name": each, "emptyDir": {}} for each in volumes]
    spec["restartPolicy"] = "Never"
    container |= {
        "image": reference,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": key, "value": value} for key, value in dict(env).items()],
        "volumeMounts": [
            {"name": each, "mountPath": path} for each, path in zip(volumes, writable, strict=True)
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if not command:
        del container["command"]
    return made


def start(ask, room, made, *, until="condition=Ready"):
    """Start a pod and wait; return its name."""
    name = made["metadata"]["name"]
    ask("apply", "--namespace", room, "-f", "-", stdin=manifest(made))
    ask("wait", f"--for={until}", f"pod/{name}", f"--timeout={PATIENCE}s", "-n", room, within=90)
    return name


def inside(ask, room, name, *command):
    """Return what a command prints in a pod."""
    return ask("exec", name, "--namespace", room, "--", *command)


def listed(built, source):
    """Return what the list of an image has of one kind."""
    components = json.loads(built.sbom.read_bytes())["components"]
    return {
        each["name"]: each["version"]
        for each in components
        if each["purl"].startswith(f"pkg:{source}/")
    }


def test_the_manager_starts_under_the_strictest_policy(ask, real, strict):
    """As nobody, with no right, on a read-only root and without one writable folder."""
    ensure(real, "pentad")
    made = confined("manager", image("pentad"), writable=())
    made["spec"]["containers"][0]["args"] = ["manager", "--help"]
    start(ask, strict, made, until="jsonpath={.status.phase}=Succeeded")

    assert "--lease-name" in ask("logs", "manager", "--namespace", strict)


def test_the_list_names_what_is_there(ask, real, strict):
    """Each package of Debian's and of Python's that the running image finds in itself."""
    built = ensure(real, "pentad")
    made = confined("looks", image("pentad"), "python", "-c", LISTED, writable=())
    name = start(ask, strict, made, until="jsonpath={.status.phase}=Succeeded")
    found = json.loads(ask("logs", name, "--namespace", strict))

    assert found["deb"] == listed(built, "deb")
    assert found["pypi"] == listed(built, "pypi")
    assert {"libssl3", "python3.11"} <= set(found["deb"])
    assert {"aiohttp", "msgspec"} <= set(found["pypi"])


def test_the_manager_knows_the_time_of_places(ask, real, strict):
    """Freeze windows name them; the zones come with the locked packages, not with the base."""
    built = ensure(real, "pentad")
    made = confined("zones", image("pentad"), "python", "-c", FROZEN, writable=())
    name = start(ask, strict, made, until="jsonpath={.status.phase}=Succeeded")

    assert ["False", "True", "True", "False"] == ask("logs", name, "--namespace", strict).split()
    assert "tzdata" in listed(built, "pypi")
    assert "tzdata" not in listed(built, "deb")


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_images_are_small(real, name):
    """What has to be sent and stored stays below a bound; the real sizes are printed."""
    facts = ensure(real, name).facts
    packed, unpacked = facts.packed / 1e6, facts.unpacked / 1e6
    print(f"{name}: {packed:.1f} MB packed, {unpacked:.1f} MB unpacked, {facts.packages} packages")

    assert packed < BOUNDS[name]


def test_the_stand_in_serves_and_misbehaves_on_demand(ask, real, strict):
    """Health and metrics are answered, until it is told otherwise."""
    ensure(real, "penin-service")
    ensure(real, "tools")
    start(ask, strict, confined("service", image("penin-service"), env={"PENIN_PORT": "8010"}))
    start(ask, strict, confined("client", image("tools"), "sleep", "600"))
    address = ask("get", "pod", "service", "-n", strict, "-o", "jsonpath={.status.podIP}")

    def curl(*arguments):
        command = ("curl", "--silent", "--max-time", "5", *arguments)
        return inside(ask, strict, "client", *command)

    healthy = eventually_blocking(
        lambda: inside(
            ask, strict, "client", "sh", "-c", f"curl -s http://{address}:8010/health || true"
        ),
        within=PATIENCE,
    )
    assert json.loads(healthy)["status"] == "ok"
    assert "penin_alpha 0.7828" in curl(f"http://{address}:8010/metrics")

    curl(
        "-d", '{"health": 503, "metrics": {"penin_alpha": 0.5}}', f"http://{address}:8010/misbehave"
    )
    code = ("--output", "/dev/null", "--write-out", "%{http_code}")
    assert curl(*code, f"http://{address}:8010/health") == "503"
    assert "penin_alpha 0.5" in curl(f"http://{address}:8010/metrics")


def test_a_release_behaves_as_its_tag_says(ask, real, strict):
    """One image under several names: each pod learns the tag it was started by."""
    names = [f"registry.test/penin-omega-meta:{each}" for each in RELEASES]
    ensure(real, "penin-service", names)
    probe = {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 1}

    def probed(name, reference):
        made = confined(name, reference)
        made["spec"]["containers"][0]["readinessProbe"] = probe
        return made

    start(ask, strict, probed("good", names[0]))
    start(ask, strict, probed("crash", names[2]), until="jsonpath={.status.phase}=Failed")
    start(ask, strict, probed("bad", names[1]), until="jsonpath={.status.phase}=Running")
    events = ("get", "events", "-n", strict, "--field-selector=involvedObject.name=bad")
    eventually_blocking(
        lambda: ask(*events), within=PATIENCE, where=lambda text: "statuscode: 503" in text
    )

    assert '"release": "0.9.0"' in ask("logs", "good", "-n", strict)


def test_redis_answers_as_the_operator_starts_it(ask, real, strict):
    """Unprivileged, with a password that goes in by a pipe, under its production name."""
    name = "docker.io/library/redis:7.4-alpine"
    ensure(real, "redis", [name])
    script = "printf 'requirepass secret\\n' | exec redis-server - --dir /data --save ''"
    variables = {"REDISCLI_AUTH": "secret"}
    made = confined("cache", name, "sh", "-c", script, env=variables, writable=("/data",))
    start(ask, strict, made)

    def ping():
        return inside(ask, strict, "cache", "sh", "-c", "redis-cli ping 2>&1 || true").strip()

    assert "PONG" == eventually_blocking(ping, within=PATIENCE, where=lambda text: text == "PONG")


def test_postgres_takes_a_password_from_another_pod(ask, real, strict):
    """A database is made, is reached over the network, and refuses a wrong password."""
    ensure(real, "postgres")
    ensure(real, "tools")
    variables = {"POSTGRES_PASSWORD": "secret", "POSTGRES_DB": "app"}
    made = confined("base", image("postgres"), env=variables, writable=("/tmp", "/data"))
    start(ask, strict, made)
    start(ask, strict, confined("client", image("tools"), "sleep", "600"))
    address = ask("get", "pod", "base", "-n", strict, "-o", "jsonpath={.status.podIP}")

    def answer(password):
        url = f"postgresql://postgres:{password}@{address}/app?connect_timeout=5"
        script = f"psql -At '{url}' -c 'select 6 * 7' 2>&1 || true"
        return inside(ask, strict, "client", "sh", "-c", script).strip()

    eventually_blocking(lambda: answer("secret"), within=PATIENCE, where=lambda it: it == "42")
    assert "password authentication failed" in answer("wrong")


def test_a_build_without_a_base_asks_nobody(tmp_path):
    """The base that the Dockerfile names would have to be pulled, and that is refused."""
    recipe, folder = recipes.find("penin-service"), tmp_path
    build = buildah.build(recipe, base=None, output=folder / "x", work=folder, shared=folder)

    with pytest.raises(BuildError) as refused:
        asyncio.run(build)

    assert "image not known" in refused.value.detail


def hosts_of_this_machine():
    """Return whom this machine asks for packages and names, but for the well-known ones."""
    found = set(re.findall(r"nameserver +(\S+)", Path("/etc/resolv.conf").read_text()))
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    told += "\n".join(os.environ.values())
    for path in (*Path("/etc/apt").rglob("*.list"), *Path("/etc/apt").rglob("*.sources")):
        told += path.read_text()
    found |= set(re.findall(r"https?://(?:[^@/\s]*@)?([^/:\s'\"]+)", told))
    known = (".debian.org", "pypi.org", "localhost")
    return {each for each in found if not each.endswith(known) and not each.startswith("127.")}


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_no_place_of_this_machine_is_in_an_image(real, name):
    """Neither a host that packages came from, nor the folders of the checkout, cache and wheels."""
    built = ensure(real, name)
    places = {each.encode() for each in hosts_of_this_machine()}
    places |= {str(recipes.ROOT).encode(), str(built.path.parent).encode()}
    everything = built.archive.content(lambda _: True).files

    assert len(everything) > 100
    assert [] == [
        (path, place)
        for path, content in everything.items()
        for place in places
        if place in content
    ]
    assert not any(place in json.dumps(built.archive.config).encode() for place in places)
