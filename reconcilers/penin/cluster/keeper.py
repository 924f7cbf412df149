"""Keeps the claim of a cluster's ledger as it should be, and says what holds its volume up."""

from typing import Final

from controller.runtime.ownership import Owner, held_by_another
from controller.runtime.runtime import Runtime, manager_name
from informers.client import Client
from informers.errors import BadRequest, Forbidden, Invalid, NotFound
from informers.meta.conditions import Condition
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster import claim
from reconcilers.penin.cluster.claim import CLAIM, CLAIMS, STORAGE_CLASS, Claim, Verdict

NAME: Final = "penin-ledger"


class Keeper:
    """Looks after the claims of ledgers; they are no ordinary children, since they may be kept."""

    def __init__(self, runtime: Runtime) -> None:
        self._client: Client = runtime.client
        self._claims = runtime.lister(Claim, CLAIMS)

    async def keep(self, owner: Owner, cluster: PeninOmegaCluster) -> Condition:
        """Make the claim so, if there is to be one; return what there is to say of it."""
        ledger = cluster.spec.storage.worm_ledger
        if not ledger.enabled:
            return claim.condition(cluster, None, Verdict())
        assert owner.kind is PENIN_OMEGA_CLUSTER
        meta = owner.snapshot.meta
        name = claim.name(meta.name)
        found = self._claims.get(f"{meta.namespace}/{name}")
        verdict = claim.judge(owner, ledger, found)
        if found is None and (other := await self._other(owner, name)):
            verdict = claim.taken(other)
        if verdict.body is not None:
            try:
                await self._client.apply(
                    CLAIM, name, verdict.body, namespace=meta.namespace, manager=manager_name(NAME)
                )
            except (BadRequest, Forbidden, Invalid) as error:
                verdict = claim.refused(error.message)
            found = self._claims.get(f"{meta.namespace}/{name}")
        hindrance = ""
        if found is not None and found.status.phase == "Pending":
            hindrance = await self._hindrance(found)
        return claim.condition(cluster, found, verdict, hindrance=hindrance)

    async def _other(self, owner: Owner, name: str) -> str:
        """Say whose a claim is that is not labelled as ours: then the caches do not show it."""
        try:
            held = await self._client.get(CLAIM, name, namespace=owner.snapshot.meta.namespace)
        except NotFound:
            return ""
        return str(held_by_another(owner, CLAIM, held) or "")

    async def _hindrance(self, found: Claim) -> str:
        """Ask whether the StorageClass exists; a claim does not say so itself."""
        wanted = found.spec.storage_class_name
        if not wanted:
            return "the cluster has no default StorageClass: name one in storageClass"
        try:
            await self._client.get(STORAGE_CLASS, wanted)
        except NotFound:
            return f"there is no StorageClass {wanted}; `kubectl get storageclass` lists them"
        except Forbidden:
            return ""
        return ""
