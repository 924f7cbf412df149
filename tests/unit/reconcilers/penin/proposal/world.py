"""Proposals and clusters as the tests of their judgement want them."""

import datetime as dt

from informers.meta import codec
from reconcilers.penin.api.proposal import PeninProposal
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.proposal.policy import Case, Past

NOW = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
"""A Wednesday."""
SR = "system:serviceaccount:default:a-sr-omega-infinity"


def ago(**length):
    """Return a moment before now."""
    return NOW - dt.timedelta(**length)


def stamp(moment):
    """Return a moment as a status holds it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def cluster(*, status=None, generation=2, spec=None, **policy):
    """Return a cluster that is as its spec wants it, unless the status says otherwise."""
    settled = {"observedGeneration": generation, "phase": "Running", "metrics": {"srScore": 0.8}}
    body = {
        "metadata": {"name": "a", "generation": generation},
        "spec": (spec or {}) | {"selfArchitecting": {"enabled": True} | policy},
        "status": settled | (status or {}),
    }
    return codec.convert(body, PeninOmegaCluster)


def policy(**fields):
    """Return what a proposal is held to."""
    return cluster(**fields).spec.self_architecting


def proposal(*, status=None, created=None, **spec):
    """Return a proposal for one more pod of the gates, made ten minutes ago."""
    body = {
        "metadata": {
            "name": "p",
            "generation": 1,
            "creationTimestamp": (created or ago(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "spec": {
            "cluster": "a",
            "change": {"replicas": {"sigmaGuard": 3}},
            "proposer": {"username": SR},
        }
        | spec,
        "status": status or {},
    }
    return codec.convert(body, PeninProposal)


def case(*, before=2, after=3, field="replicas.sigmaGuard", now=NOW, past=(), **rules):
    """Return a case about one field."""
    scaled = rules.pop("scaled", frozenset())
    proposer = rules.pop("proposer", SR)
    return Case(
        policy=policy(**rules),
        proposer=proposer,
        before={field: before},
        after={field: after},
        past=past,
        scaled=scaled,
        now=now,
    )


def past(outcome, ended, *, applied=None, proposer=SR):
    """Return an earlier change that ended then."""
    return Past(
        proposer=proposer,
        applied_at=applied or ended - dt.timedelta(minutes=10),
        outcome=outcome,
        finished_at=None if outcome == "Applied" else ended,
    )
