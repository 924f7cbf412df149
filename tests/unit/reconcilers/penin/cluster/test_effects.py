"""What a change of each field does: the table of docs/guide/penin.md, row by row.

Each leaf of the spec is changed alone, in a cluster that has everything, and what its children were
is compared with what they are. The table is read from the page, so it cannot say anything else.
"""

import re

import msgspec
import pytest

from hack.gen.__main__ import ROOT
from reconcilers.penin.api.v1alpha1 import PeninOmegaClusterSpec
from reconcilers.penin.cluster import secrets
from reconcilers.penin.cluster.services import EVERYTHING, SERVICES
from tests.unit.reconcilers.penin.cluster.rendered import rendered

PAGE = ROOT / "docs/guide/penin.md"
HEADER = ["Field", "Restarts", "Updates"]
EVERYTHING_ON = {
    "observability": {"serviceMonitor": True, "tracingEndpoint": "http://collector:4317"},
    "storage": {"wormLedger": {"enabled": True}, "cache": {"type": "redis"}},
    "secrets": {
        "openaiApiKey": {"name": "penin-secrets", "key": "openai-api-key"},
        "redisPassword": {"name": "penin-secrets", "key": "redis-password"},
    },
    "replicas": {"omegaMeta": 2, "sigmaGuard": 2, "srOmegaInfinity": 2, "acfaLeague": 2},
}
SCALED = {"autoScaling": {"enabled": True}}
OTHER = {
    "version": "1.0.0",
    "replicas": 3,
    "cpu": "300m",
    "memory": "300Mi",
    "budgetDailyUsd": 10.0,
    "maxBoost": 0.1,
    "kappa": 25.0,
    "eceThreshold": 0.02,
    "biasThreshold": 1.1,
    "seed": 1,
    "metrics": False,
    "serviceMonitor": False,
    "tracing": False,
    "tracingEndpoint": "http://collector:4318",
    "level": "DEBUG",
    "wormLedger.enabled": False,
    "storageClass": "fast-ssd",
    "size": "20Gi",
    "deletionPolicy": "Delete",
    "cache.enabled": False,
    "type": "memory",
    "autoScaling.enabled": True,
    "minReplicas": 2,
    "maxReplicas": 20,
    "targetCPU": 50,
    "targetMemory": 50,
    "autoScaling.services": ["sigmaGuard"],
    "registry": "registry.example.com",
    "pullPolicy": "Always",
    "pullSecrets": ["registry"],
    "images.services": "registry.example.com/own:1",
    "name": "others",
    "key": "other",
    "nodeSelector": {"disk": "ssd"},
    "spread": False,
    "disruptionBudgets": False,
    "networkPolicy.enabled": False,
    "monitoringNamespace": "prometheus",
    "progressDeadline": "5m",
    "soak": "30s",
    "rollback": True,
    "history": 5,
    "deletionProtection": True,
    "selfArchitecting.enabled": True,
    "mode": "DryRun",
    "fields": ["replicas.*"],
    "bounds": [],
    "maxPerDay": 1,
    "cooldown": "1h",
    "reverts": 1,
    "window": "1h",
    "freezeWindows": [{"days": ["Fri"], "from": "12:00", "to": "18:00"}],
    "settle": "5m",
    "guards": [],
    "requireExpected": True,
    "selfArchitecting.history": "24h",
}
"""Another value for each leaf, by the end of its path or by what holds it."""


def leaves(type_=PeninOmegaClusterSpec, path=()):
    """Return the paths of all fields that hold no others."""
    found = []
    for each in msgspec.structs.fields(type_):
        inner = msgspec.inspect.type_info(each.type)
        where = (*path, each.encode_name)
        if isinstance(inner, msgspec.inspect.StructType):
            found += leaves(inner.cls, where)
        else:
            found.append(".".join(where))
    return found


def other(path):
    """Return another value for a leaf."""
    *_, holder, last = ("", *path.split("."))
    names = (path, f"{holder}.{last}", last, path.rpartition(".")[0], holder)
    return next(OTHER[name] for name in names if name in OTHER)


def spec(path):
    """Return the spec before a change of a leaf, and the one after it."""
    is_scaled = path.startswith("autoScaling.") and not path.endswith("enabled")
    base = EVERYTHING_ON | (SCALED if is_scaled else {})
    return base, merged(base, path.split("."), other(path))


def merged(base, path, value):
    """Return an object with another value at a path."""
    first, *rest = path
    return base | {first: merged(base.get(first, {}), rest, value) if rest else value}


KEYS = ("openai-api-key", "redis-password", "other")
FOUND = {
    name: secrets.Secret(data={key: f"{name}/{key}" for key in KEYS})
    for name in ("penin-secrets", "others")
}


def children(spec):
    """Return the children of a cluster by kind and name."""
    body = {
        "apiVersion": "penin.ai/v1alpha1",
        "kind": "PeninOmegaCluster",
        "metadata": {"name": "a", "namespace": "default", "uid": "u", "resourceVersion": "1"},
        "spec": spec,
    }
    return {
        (each["kind"], "" if each["kind"] in CONTENT else each["metadata"]["name"]): each
        for each in rendered(body, FOUND)
    }


WRITER = "a-ledger-writer"
CONTENT = {"ConfigMap", "ControllerRevision"}
"""Kinds named by their content: a restart brings new ones."""
TITLES = {role.child("a"): role.title for role in EVERYTHING} | {WRITER: "ledger-writer"}


def effect(path):
    """Return who is restarted by a change of a leaf, and what else is updated."""
    before, after = map(children, spec(path))
    both = before.keys() & after.keys()
    restarted = {
        TITLES[name]
        for kind, name in both
        if kind == "Deployment" and template(before[kind, name]) != template(after[kind, name])
    }
    updated = {
        kind
        for kind, name in before.keys() | after.keys()
        if kind not in CONTENT and bare(before.get((kind, name))) != bare(after.get((kind, name)))
    }
    return restarted, updated


def template(deployment):
    """Return the pods of a Deployment."""
    return deployment["spec"]["template"]


def bare(child):
    """Return a child without what a restart changes of it."""
    if child is None or child["kind"] != "Deployment":
        return child
    metadata = child["metadata"] | {"annotations": None}
    return child | {"metadata": metadata, "spec": child["spec"] | {"template": None}}


SEVERAL = {
    "all services": {role.title for role in SERVICES},
    "everything": {*TITLES.values()},
    "nobody": set(),
}


def rows():
    """Return the table of the page: fields, who is restarted, what is updated."""
    cell, found, is_ours = re.compile(r"(?<!\\)\|"), [], False
    for line in PAGE.read_text().splitlines():
        cells = [each.strip() for each in cell.split(line)[1:-1]]
        is_ours = cells == HEADER or (is_ours and line.startswith("|"))
        if is_ours and cells != HEADER and not set(line) <= set("|-"):
            fields, restarts, updates = cells
            names = set().union(*(SEVERAL.get(each, {each}) for each in restarts.split(", ")))
            found += [
                (field, names, set(re.findall(r"`(\w+)`", updates)))
                for field in re.findall(r"`([\w.]+)`", fields)
            ]
    return found


def test_every_field_is_in_the_table_once():
    """A field that is added has to be thought of."""
    assert sorted(leaves()) == sorted(field for field, *_ in rows())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_change_does_what_the_page_says(row):
    """Restarts these, updates those, and touches nothing else."""
    field, restarted, updated = row

    assert (restarted, updated) == effect(field)
