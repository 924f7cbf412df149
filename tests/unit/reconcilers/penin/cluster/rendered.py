"""Everything that a sample comes to on its first look, before anything of it is there."""

import datetime as dt
import functools

import attrs
import yaml

from controller.runtime.ownership import Owner
from hack.gen.__main__ import ROOT
from informers.meta import codec
from informers.snapshot import seal
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster import claim, desired, scope
from reconcilers.penin.cluster.monitor import service_monitor
from reconcilers.penin.cluster.observed import Observed
from reconcilers.penin.cluster.pods import Wanted
from reconcilers.penin.cluster.revisions import Revision
from reconcilers.penin.cluster.secrets import hash_of, redis_password, used_by
from reconcilers.penin.ledger import desired as writer
from reconcilers.penin.ledger.entries import Place

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
OPERATOR = "penin-system"
IMAGE = "registry.example.com/penin-operator:1"
SAMPLES = ROOT / "manifests/samples/penin"


def sample(name):
    """Return the cluster of a sample, as the API server would hold it."""
    (body,) = (
        each
        for each in yaml.safe_load_all((SAMPLES / name).read_text())
        if each["kind"] == PENIN_OMEGA_CLUSTER.kind
    )
    body["metadata"] |= {"namespace": "default", "uid": "u", "resourceVersion": "1"}
    return body


def with_secrets(wanted, found):
    """Return what the pods follow from, with hashes of the secret values that each part uses."""
    openai = wanted.spec.secrets.openai_api_key
    password = wanted.redis_password if wanted.has_redis else None
    hashes = {
        role.key: hash_of(used_by(role, openai=openai, password=password), found)
        for role in desired.roles(wanted)
    }
    return attrs.evolve(wanted, secrets=hashes)


def rendered(body, found=None):
    """Return the children of a cluster, in a namespace with these Secrets."""
    cluster = codec.convert(body, PeninOmegaCluster)
    snapshot = seal(codec.encode(body))
    wanted = with_secrets(
        Wanted(
            cluster=snapshot.meta.name,
            spec=cluster.spec,
            secrets={},
            configs={},
            redis_password=redis_password(cluster, found or {}),
        ),
        found or {},
    )
    target = Revision.of(functools.partial(desired.parts, wanted), number=1)
    looked = scope.Scope(
        follows_from=None,
        cluster=cluster,
        snapshot=snapshot,
        wanted=wanted,
        target=target,
        revisions={target.name: target},
        observed={role.key: Observed() for role in desired.roles(wanted)},
        now=NOW,
    )
    found = [*scope.children(looked, scope.plan(looked), operator=OPERATOR)]
    found.append(target.object(wanted.cluster))
    ledger, observability = cluster.spec.storage.worm_ledger, cluster.spec.observability
    if ledger.enabled:
        owner = Owner(kind=PENIN_OMEGA_CLUSTER, snapshot=snapshot)
        found.append(claim.judge(owner, ledger, None).body)
        place = Place(namespace="default", cluster=wanted.cluster)
        found += writer.children(writer.Writing(cluster=cluster, place=place, image=IMAGE))
    if observability.metrics and observability.service_monitor:
        found.append(service_monitor(wanted.cluster))
    return found
