"""Proposals as tests write them, and a cluster whose state the test itself tells."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from reconcilers.penin.api.proposal import PENIN_PROPOSAL
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.ledger import chain
from reconcilers.penin.proposal.course import FINAL
from reconcilers.penin.proposal.scope import APPROVAL, APPROVED_BY
from tests.integration.penin.world import made
from tests.kit.eventually import eventually
from tests.kit.rest import MERGE, Answer, Rest

WITHIN: Final = 30
SERVICE_ACCOUNT: Final = "system:serviceaccount:default:a-sr-omega-infinity"
METRICS: Final = {"alpha": 0.78, "srScore": 0.8}
SWIFT: Final = {
    "enabled": True,
    "soak": "1s",
    "settle": "10m",
    "cooldown": "0s",
    "maxPerDay": 100,
}
_POLICIES: Final = "/apis/admissionregistration.k8s.io/v1"
APPLY: Final = "application/apply-patch+yaml"


class World:
    """One cluster `a`, proposals about it, and what people and its operator do to it."""

    def __init__(self, kubeconfig: Path, rest: Rest, namespace: str) -> None:
        self.kubeconfig = kubeconfig
        self.rest = rest
        self.namespace = namespace
        self.path = PENIN_OMEGA_CLUSTER.path(namespace, "a")
        self.proposals = PENIN_PROPOSAL.path(namespace)
        self._names = (f"p{number}" for number in itertools.count(1))

    def cluster(self, **changes: Any) -> dict[str, Any]:
        """Make the cluster; `spec` fields by name, `policy` on top of a swift one."""
        policy = SWIFT | changes.pop("policy", {})
        body = made("a", selfArchitecting=policy, **changes)
        where = f"{self.path}?fieldManager=jane&fieldValidation=Strict"
        return self.rest.request("PATCH", where, body, content_type=APPLY).ok()

    def spec(self) -> dict[str, Any]:
        """Return the cluster's spec."""
        return self.rest.get(self.path)["spec"]

    def owners(self, path: str) -> set[str]:
        """Return who owns a field below spec, as MANAGER/OPERATION."""
        found = set()
        for entry in self.rest.get(self.path)["metadata"]["managedFields"]:
            at = entry["fieldsV1"].get("f:spec", {})
            for name in path.split("."):
                at = at.get(f"f:{name}") if at is not None else None
            if at is not None and not entry.get("subresource"):
                found.add(f"{entry['manager']}/{entry['operation']}")
        return found

    def tell(self, **changes: Any) -> None:
        """Write the cluster's status as its operator does: by default, all is well."""
        found = self.rest.get(self.path)
        status = {
            "observedGeneration": found["metadata"]["generation"],
            "phase": "Running",
            "metrics": METRICS,
        }
        self.rest.merge(f"{self.path}/status", {"status": status | changes})

    def attempt(
        self, change: dict[str, Any], *, token: str = "", dry_run: bool = False, **spec: Any
    ) -> Answer:
        """Try to propose something, as whoever a token says."""
        proposer = {"username": SERVICE_ACCOUNT, "uid": "1"}
        name = spec.pop("name", None) or next(self._names)
        body = {
            "apiVersion": PENIN_PROPOSAL.api_version,
            "kind": PENIN_PROPOSAL.kind,
            "metadata": {"name": name},
            "spec": {"cluster": "a", "change": change, "proposer": proposer} | spec,
        }
        where = f"{self.proposals}?fieldValidation=Strict" + "&dryRun=All" * dry_run
        rest = Rest(self.kubeconfig, token=token)
        try:
            return rest.request("POST", where, body)
        finally:
            rest.close()

    def propose(self, change: dict[str, Any], **spec: Any) -> str:
        """Propose something; return its name."""
        return str(self.attempt(change, **spec).ok()["metadata"]["name"])

    def proposal(self, name: str) -> dict[str, Any]:
        """Return a proposal."""
        return self.rest.get(f"{self.proposals}/{name}")

    def said(self, name: str) -> tuple[str, str]:
        """Return the phase of a proposal and why."""
        status = self.proposal(name).get("status", {})
        return status.get("phase", ""), status.get("reason", "")

    async def reaches(self, name: str, *wanted: str) -> dict[str, Any]:
        """Wait until a proposal is in a phase, and for a reason if one is named."""
        await eventually(
            lambda: self.said(name), where=lambda s: s[: len(wanted)] == wanted, within=WITHIN
        )
        return dict(self.proposal(name)["status"])

    async def ends(self, name: str) -> tuple[str, str]:
        """Wait for the end of a proposal; return the phase and why."""
        return await eventually(
            lambda: self.said(name), where=lambda s: s[0] in FINAL, within=WITHIN
        )

    def ledger(self) -> list[dict[str, Any]]:
        """Return the ledger's objects in their order."""
        where = f"/api/v1/namespaces/{self.namespace}/configmaps"
        found = self.rest.get(f"{where}?labelSelector=penin.ai/ledger=entry")["items"]
        return sorted(found, key=lambda each: each["metadata"]["name"])

    async def is_gone(self, name: str) -> None:
        """Wait until a proposal is deleted."""
        where = f"{self.proposals}/{name}"
        await eventually(lambda: self.rest.request("GET", where).status, equals=404, within=WITHIN)

    async def is_enforced(self, quota: str) -> None:
        """Wait until the quota controller has counted."""
        await eventually(lambda: self.rest.get(quota).get("status", {}).get("used"), within=WITHIN)

    def decisions(self) -> list[str]:
        """Return what the ledger says, in its order."""
        return [chain.read(each["data"]["entry"].encode()).decision for each in self.ledger()]

    def annotate(self, name: str, word: str, *, by: str) -> None:
        """Say a word about a proposal, as the webhook leaves it."""
        said = {APPROVAL: word, APPROVED_BY: by}
        self.rest.merge(f"{self.proposals}/{name}", {"metadata": {"annotations": said}})

    def say(self, name: str, word: str, *, by: str = "") -> Answer:
        """Say a word about a proposal, as a person does."""
        said = {APPROVAL: word} | ({APPROVED_BY: by} if by else {})
        body = {"metadata": {"annotations": said}}
        rest = Rest(self.kubeconfig)
        try:
            return rest.request("PATCH", f"{self.proposals}/{name}", body, content_type=MERGE)
        finally:
            rest.close()

    def is_refused(self, spec: dict[str, Any]) -> bool:
        """Whether the API server refuses a change of the cluster."""
        where = f"{self.path}?dryRun=All"
        return self.rest.request("PATCH", where, {"spec": spec}, content_type=MERGE).status >= 400

    @contextlib.contextmanager
    def ruled(self, rule: str) -> Iterator[None]:
        """Have the API server refuse changes of clusters in this namespace that break a rule."""
        policy, binding = self.refusing(self.namespace, rule)
        self.rest.create(f"{_POLICIES}/validatingadmissionpolicies", policy)
        self.rest.create(f"{_POLICIES}/validatingadmissionpolicybindings", binding)
        try:
            yield
        finally:
            self.rest.delete(f"{_POLICIES}/validatingadmissionpolicybindings/{self.namespace}")
            self.rest.delete(f"{_POLICIES}/validatingadmissionpolicies/{self.namespace}")

    def refusing(self, name: str, rule: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a policy of the API server's own for clusters of this namespace."""
        kind, place = PENIN_OMEGA_CLUSTER, {"kubernetes.io/metadata.name": self.namespace}
        resources = {
            "apiGroups": [kind.group],
            "apiVersions": [kind.version],
            "operations": ["UPDATE"],
            "resources": [kind.plural],
        }
        policy = {
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [resources]},
                "validations": [{"expression": rule}],
            },
        }
        binding = {
            "metadata": {"name": name},
            "spec": {
                "policyName": name,
                "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": {"matchLabels": place}},
            },
        }
        return policy, binding
