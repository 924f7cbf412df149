"""Whether a proposal may be applied: a chain of pure checks, the first refusal counts.

Nothing that was not allowed is allowed: a field without a bound, a value that is no amount, a zone
that nobody knows, a proposer that was not stamped are all refused.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from reconcilers.penin.api.architecting import Bound, SelfArchitecting
from reconcilers.penin.api.proposal import ProposalPhase
from reconcilers.penin.proposal import fields, windows
from reconcilers.penin.proposal.windows import UnknownZone

DAY: Final = dt.timedelta(days=1)
MOST_DOUBLINGS: Final = 6
LONGEST_COOLDOWN: Final = DAY


@attrs.frozen(kw_only=True)
class Refusal:
    """Why a proposal may not be applied: a word, and a sentence with the remedy."""

    reason: str
    message: str


@attrs.frozen(kw_only=True)
class Past:
    """An earlier proposal about the same cluster that was applied, and what came of it."""

    proposer: str
    applied_at: dt.datetime
    outcome: ProposalPhase
    finished_at: dt.datetime | None = None


@attrs.frozen(kw_only=True)
class Case:
    """Everything that a proposal is judged by.

    `before` and `after` are the fields of the change. `scaled` are the fields that an autoscaler
    decides.
    """

    policy: SelfArchitecting
    proposer: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    past: Sequence[Past] = ()
    scaled: frozenset[str] = frozenset()
    now: dt.datetime


def judge(case: Case) -> Refusal | None:
    """Return why a proposal may not be applied now, None if it may."""
    return next((refusal for check in CHECKS if (refusal := check(case)) is not None), None)


def enabled(case: Case) -> Refusal | None:
    """Self-architecting has to be switched on."""
    if case.policy.enabled:
        return None
    return Refusal(
        reason="Disabled",
        message="the cluster's spec.selfArchitecting.enabled is false: nothing is applied to it",
    )


def attested(case: Case) -> Refusal | None:
    """Who proposes has to have been stamped at admission."""
    if case.proposer:
        return None
    return Refusal(
        reason="Unattested",
        message="nobody stamped who proposes this: the admission webhook did not see it",
    )


def allowed(case: Case) -> Refusal | None:
    """Every field has to be one that may be changed at all, and that the policy names."""
    for field in case.after:
        if field.split(".")[0] not in fields.ROOTS:
            message = f"{field} can never be changed by a proposal"
            return Refusal(reason="FieldNotAllowed", message=message)
        if not any(fields.covers(pattern, field) for pattern in case.policy.fields):
            message = f"{field} is not among the policy's fields ({', '.join(case.policy.fields)})"
            return Refusal(reason="FieldNotAllowed", message=message)
        if field in case.scaled:
            message = f"{field} is decided by autoScaling: propose nothing for it"
            return Refusal(reason="FieldNotAllowed", message=message)
    return None


def bounded(case: Case) -> Refusal | None:
    """Every value has to be within its bound, and no step too large."""
    bounds = {bound.field: bound for bound in case.policy.bounds}
    for field, value in case.after.items():
        pattern = fields.most_exact(bounds, field)
        if pattern is None:
            message = f"{field} has no bound in the policy: add one to spec.selfArchitecting.bounds"
            return Refusal(reason="NoBound", message=message)
        refusal = _within(bounds[pattern], field, case.before.get(field), value)
        if refusal is not None:
            return refusal
    return None


def _within(bound: Bound, field: str, before: object, after: object) -> Refusal | None:
    wanted, present = fields.amount(after), fields.amount(before)
    if wanted is None or present is None:
        message = f"{field} cannot be compared: it is {before!r} and is to be {after!r}"
        return Refusal(reason="NoBound", message=message)
    if not bound.min <= wanted <= bound.max:
        message = f"{field}: {wanted} is not between {bound.min} and {bound.max}"
        return Refusal(reason="OutOfBounds", message=message)
    step = wanted - present
    if (-step if step.sign < 0 else step) > bound.step:
        message = f"{field}: from {present} to {wanted} is more than one step of {bound.step}"
        return Refusal(reason="StepTooLarge", message=message)
    return None


def changing(case: Case) -> Refusal | None:
    """Something has to change."""
    if any(not fields.same(case.before.get(field), case.after[field]) for field in case.after):
        return None
    return Refusal(reason="NothingToChange", message="the cluster has all these values already")


def thawed(case: Case) -> Refusal | None:
    """No freeze window may be in force."""
    try:
        window = windows.in_force(case.policy.freeze_windows, now=case.now)
    except UnknownZone as error:
        return Refusal(reason="Frozen", message=str(error))
    if window is None:
        return None
    message = f"a freeze window is in force: {windows.described(window)}"
    return Refusal(reason="Frozen", message=message)


def rested(case: Case) -> Refusal | None:
    """The last change has to be long enough ago; each revert in a row doubles how long."""
    ended = sorted(_ended(case), key=lambda past: past.finished_at or past.applied_at)
    if not ended:
        return None
    reverts = 0
    for past in reversed(ended):
        if past.outcome != "Reverted":
            break
        reverts += 1
    pause = cooldown(case.policy, reverts=reverts)
    last = ended[-1].finished_at
    if last is None or case.now - last >= pause:
        return None
    message = (
        f"the last change ended {_seconds(case.now - last)} s ago; after {reverts} reverts in a "
        f"row the pause is {_seconds(pause)} s"
    )
    return Refusal(reason="Cooldown", message=message)


def cooldown(policy: SelfArchitecting, *, reverts: int) -> dt.timedelta:
    """Return how long nothing is applied after a change, so many reverts in a row behind it."""
    pause: dt.timedelta = policy.cooldown.timedelta * 2 ** min(reverts, MOST_DOUBLINGS)
    return max(policy.cooldown.timedelta, min(pause, LONGEST_COOLDOWN))


def remembered(policy: SelfArchitecting) -> dt.timedelta:
    """Return for how long the checks below have to know what was applied, and its end."""
    return max(DAY, cooldown(policy, reverts=MOST_DOUBLINGS))


def seldom(case: Case) -> Refusal | None:
    """Not too many may have been applied within a day."""
    lately = sum(case.now - past.applied_at < DAY for past in case.past)
    if lately < case.policy.max_per_day:
        return None
    message = f"{lately} were applied within 24 hours, and {case.policy.max_per_day} may be"
    return Refusal(reason="RateExceeded", message=message)


def heard(case: Case) -> Refusal | None:
    """Its proposer must not have been muted for changes that had to be taken back."""
    mute = case.policy.mute
    reverts = sum(
        past.proposer == case.proposer
        and case.now - (past.finished_at or past.applied_at) < mute.window.timedelta
        for past in case.past
        if past.outcome == "Reverted"
    )
    if reverts < mute.reverts:
        return None
    message = f"{case.proposer} had {reverts} changes taken back within {mute.window}"
    return Refusal(reason="ProposerMuted", message=message)


def _ended(case: Case) -> Sequence[Past]:
    return [past for past in case.past if past.finished_at is not None]


def _seconds(length: dt.timedelta) -> int:
    return round(length.total_seconds())


Check = Callable[[Case], Refusal | None]
CHECKS: Final[tuple[Check, ...]] = (
    enabled,
    attested,
    allowed,
    bounded,
    changing,
    heard,
    thawed,
    rested,
    seldom,
)
