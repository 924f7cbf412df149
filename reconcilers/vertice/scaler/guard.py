"""What keeps a decision from being carried out: a rival, a word in the spec, or a freeze.

The decision is made and told all the same, so that everybody sees what would be done, and why it
is not. What holds it has a word of its own, which `Ready` bears.
"""

from typing import Literal

import attrs

from controller.runtime.intent import Intent
from reconcilers.vertice.api.scaler import VerticeScalerSpec

Word = Literal["OwnedByAnother", "Paused", "Frozen", "Preview"]


@attrs.frozen
class Guard:
    """What holds a decision, in a word and in a few."""

    word: Word
    why: str


def guarding(
    spec: VerticeScalerSpec, change: int, *, rival: str, frozen: Intent | None
) -> Guard | None:
    """Return what holds a change of so many pods; nothing if nothing does."""
    if rival:
        return Guard("OwnedByAnother", f"{rival} scales the same target")
    if not change:
        return None
    if spec.pause in {"Up" if change > 0 else "Down", "Both"}:
        return Guard("Paused", f"spec.pause is {spec.pause}")
    if frozen is not None:
        return Guard("Frozen", asked_to_leave(frozen))
    return Guard("Preview", "spec.preview is on") if spec.preview else None


def asked_to_leave(intent: Intent | None) -> str:
    """Say who froze a target, and why if that is told; nothing if nobody did."""
    if intent is None:
        return ""
    reason = f": {intent.why}" if intent.why else ""
    return f"{intent.holder} asked to leave it alone{reason}"
