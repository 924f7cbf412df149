"""The registration of PENIN-Ω: its kinds, who works on them, what that takes."""

from typing import Final

from controller.runtime.registration import (
    ControllerSpec,
    Family,
    MatchCondition,
    Permission,
    Webhook,
)
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT, POD, SECRET, SERVICE
from reconcilers.penin.api.experiment import PeninExperiment
from reconcilers.penin.api.proposal import PeninProposal
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster import gauges
from reconcilers.penin.cluster import reconciler as cluster
from reconcilers.penin.cluster.claim import CLAIM, STORAGE_CLASS
from reconcilers.penin.cluster.monitor import SERVICE_MONITOR
from reconcilers.penin.cluster.revisions import CONTROLLER_REVISION
from reconcilers.penin.experiment import reconciler as experiment
from reconcilers.penin.experiment import setup as experiments
from reconcilers.penin.ledger import reconciler as ledger
from reconcilers.penin.metrics import reconciler as metrics
from reconcilers.penin.proposal import access
from reconcilers.penin.proposal import reconciler as proposal
from reconcilers.penin.webhooks import proposals
from reconcilers.penin.webhooks.protection import keep_protected

FAMILY: Final = Family(
    name="penin",
    kinds=(PeninOmegaCluster, PeninExperiment, PeninProposal),
    webhooks=(
        Webhook(
            name="protect",
            kind=PENIN_OMEGA_CLUSTER,
            mode="validate",
            handler=keep_protected,
            operations=("DELETE",),
            match_conditions=(
                MatchCondition(
                    name="is-protected",
                    expression="oldObject.spec.?deletionProtection.orValue(false) == true",
                ),
            ),
        ),
        *proposals.WEBHOOKS,
    ),
    lent=(access.LENT,),
    controllers=(
        ControllerSpec(name=cluster.NAME, set_up=cluster.set_up),
        ControllerSpec(name=metrics.NAME, set_up=metrics.set_up),
        ControllerSpec(name=experiment.NAME, set_up=experiments.set_up),
        ControllerSpec(name=proposal.NAME, set_up=proposal.set_up),
        ControllerSpec(name=ledger.NAME, set_up=ledger.set_up),
    ),
    figures=(gauges.FIGURES,),
    permissions=(
        Permission.change(
            PENIN_OMEGA_CLUSTER,
            reason="Proposals, and experiments that are won, change the spec of their cluster.",
        ),
        Permission.read(
            POD, reason="Why pods are not ready is told, and their metrics are read from them."
        ),
        Permission(
            group=CLAIM.group,
            resources=(CLAIM.plural,),
            verbs=("get", "list", "watch", "create", "patch"),
            reason="A ledger's volume is claimed once, may grow, and is never deleted from here.",
        ),
        Permission(
            group=STORAGE_CLASS.group,
            resources=(STORAGE_CLASS.plural,),
            verbs=("get",),
            namespaced=False,
            reason="When a ledger's claim has no volume, it is told that its class is missing.",
        ),
        Permission.own(
            SERVICE_MONITOR, reason="Where wanted, the Prometheus operator is told what to read."
        ),
        Permission.own(DEPLOYMENT, reason="Each service of a cluster, and its cache, is one."),
        Permission.own(SERVICE, reason="Each service of a cluster has an address."),
        Permission.own(CONFIG_MAP, reason="Settings of services, named by their content."),
        Permission.own(
            cluster.SERVICE_ACCOUNT, reason="Pods of each service are somebody of their own."
        ),
        Permission.own(
            cluster.AUTOSCALER, reason="With spec.autoScaling the load decides on replicas."
        ),
        Permission.own(
            cluster.BUDGET, reason="Of a service with several pods one is drained at a time."
        ),
        Permission.own(
            cluster.NETWORK_POLICY, reason="Who may talk to a cluster's pods is said there."
        ),
        Permission.own(
            CONTROLLER_REVISION, reason="What a rollout may go back to is remembered in them."
        ),
        Permission(
            group=SECRET.group,
            resources=(SECRET.plural,),
            verbs=("get", "list", "watch", "create"),
            reason="A changed value restarts the pods that use it (hashes are kept, no values); "
            "a password for Redis is made once.",
        ),
        *proposal.PERMISSIONS,
        *ledger.PERMISSIONS,
    ),
)
