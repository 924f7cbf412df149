"""How an object is doing, in the form that trees, stories and JSON are made of."""

import attrs

from informers.meta.kstatus import Health


@attrs.frozen
class Readiness:
    """How an object is doing; `ready` is what a column shows of it, such as 1/2.

    `state` is the word for it where readiness says nothing of a kind: Rejected, Kept.
    """

    health: Health
    ready: str = attrs.field(default="", kw_only=True)
    state: str = attrs.field(default="", kw_only=True)
    reason: str = attrs.field(default="", kw_only=True)
    message: str = attrs.field(default="", kw_only=True)

    @property
    def is_ready(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.health is Health.CURRENT

    @property
    def why(self) -> str:
        """Return reason and message as one text."""
        return ": ".join(part for part in (self.reason, self.message) if part)


def pods_are(count: int) -> str:
    """Return the beginning of a sentence about so many pods."""
    return "1 pod is" if count == 1 else f"{count} pods are"


def current(ready: str = "", *, reason: str = "", message: str = "") -> Readiness:
    """Return that all is as it should be."""
    return Readiness(Health.CURRENT, ready=ready, reason=reason, message=message)


def in_progress(ready: str = "", *, reason: str = "", message: str = "") -> Readiness:
    """Return that it may become ready by itself."""
    return Readiness(Health.IN_PROGRESS, ready=ready, reason=reason, message=message)


def failed(ready: str = "", *, reason: str = "", message: str = "") -> Readiness:
    """Return that it will not become ready unless somebody does something."""
    return Readiness(Health.FAILED, ready=ready, reason=reason, message=message)
