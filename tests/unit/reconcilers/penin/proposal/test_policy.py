"""What a proposal is held to: every reason for a refusal, and what is allowed."""

import datetime as dt

import pytest

from reconcilers.penin.proposal.policy import cooldown, judge
from tests.unit.reconcilers.penin.proposal.world import NOW, ago, case, past, policy


def reason(of):
    """Return why a case is refused, nothing if it is not."""
    refusal = judge(of)
    return "" if refusal is None else refusal.reason


def test_one_step_within_bounds_is_allowed():
    """With nothing but the switch set."""
    assert "" == reason(case())


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"enabled": False}, "Disabled"),
        ({"proposer": ""}, "Unattested"),
        ({"fields": ["config.*"]}, "FieldNotAllowed"),
        ({"scaled": frozenset({"replicas.sigmaGuard"})}, "FieldNotAllowed"),
        ({"bounds": []}, "NoBound"),
        ({"before": None}, "NoBound"),
        ({"before": 5, "after": 6}, "OutOfBounds"),
        ({"before": 1, "after": 0}, "OutOfBounds"),
        ({"before": 2, "after": 4}, "StepTooLarge"),
        ({"before": 4, "after": 2}, "StepTooLarge"),
        ({"before": 3}, "NothingToChange"),
        ({"freezeWindows": [{"days": ["Wed"], "from": "09:00", "to": "17:00"}]}, "Frozen"),
        (
            {"freezeWindows": [{"days": ["Sat"], "from": "09:00", "to": "17:00", "zone": "Mars"}]},
            "Frozen",
        ),
        ({"past": [past("Kept", ago(minutes=29))]}, "Cooldown"),
    ],
)
def test_refusals(facts, wanted):
    """Each has its word."""
    assert wanted == reason(case(**facts))


@pytest.mark.parametrize(
    "field",
    [
        "selfArchitecting.enabled",
        "selfArchitecting.maxPerDay",
        "images.registry",
        "secrets.openaiApiKey.name",
        "storage.wormLedger.enabled",
        "version",
        "rollout.rollback",
        "autoScaling.maxReplicas",
    ],
)
def test_some_fields_can_never_be_changed(field):
    """Whatever the policy names."""
    bounds = [{"field": "*", "min": "0", "max": "100", "step": "100"}]

    assert "FieldNotAllowed" == reason(case(field=field, fields=["*", field], bounds=bounds))


def test_bounds_are_compared_as_amounts():
    """Quantities and numbers with fractions alike."""
    bounds = [
        {"field": "resources.*.cpu", "min": "100m", "max": "2", "step": "500m"},
        {"field": "config.caosPlus.kappa", "min": "0.5", "max": 30, "step": "2.5"},
    ]
    cpu, kappa = "resources.omegaMeta.cpu", "config.caosPlus.kappa"

    assert "" == reason(case(field=cpu, before="1500m", after=2, bounds=bounds))
    assert "StepTooLarge" == reason(case(field=cpu, before="1", after="1501m", bounds=bounds))
    assert "OutOfBounds" == reason(case(field=cpu, before="2", after="2001m", bounds=bounds))
    assert "" == reason(case(field=kappa, before=20.0, after=22.5, bounds=bounds))
    assert "StepTooLarge" == reason(case(field=kappa, before=20.0, after=22.6, bounds=bounds))


def test_the_most_exact_bound_counts():
    """A tighter one for a single field beside one for all."""
    bounds = [
        {"field": "replicas.*", "min": 1, "max": 9, "step": 9},
        {"field": "replicas.sigmaGuard", "min": 1, "max": 2, "step": 1},
    ]

    assert "OutOfBounds" == reason(case(bounds=bounds))
    assert "" == reason(case(field="replicas.acfaLeague", bounds=bounds))


def test_a_window_that_is_over_freezes_nothing():
    """The same day, an hour later."""
    night = [{"days": ["Wed"], "from": "09:00", "to": "12:00"}]

    assert "" == reason(case(freezeWindows=night))


def test_each_revert_in_a_row_doubles_the_pause():
    """Half an hour, an hour, two; one that was kept begins anew."""
    once = [past("Reverted", ago(minutes=59))]
    twice = [past("Reverted", ago(hours=5)), past("Reverted", ago(minutes=119))]
    mended = [past("Reverted", ago(hours=2)), past("Kept", ago(minutes=31))]

    assert "Cooldown" == reason(case(past=once))
    assert "Cooldown" == reason(case(past=twice))
    assert "" == reason(case(past=mended))
    assert "" == reason(case(past=[past("Reverted", ago(minutes=61))]))


def test_the_pause_has_an_end():
    """It never outgrows a day, and is never less than what the policy says."""
    assert dt.timedelta(days=1) == cooldown(policy(cooldown="1h"), reverts=50)
    assert dt.timedelta(days=2) == cooldown(policy(cooldown="48h"), reverts=1)


def test_a_day_has_room_for_some():
    """Counted back from now, those on trial and those taken back included."""
    lately = [past("Kept", ago(hours=hours)) for hours in (1, 5, 23)]

    assert "" == reason(case(past=lately))
    assert "RateExceeded" == reason(case(past=[*lately, past("Superseded", ago(hours=2))]))
    old = past("Kept", ago(hours=23, minutes=51))
    assert "" == reason(case(past=[*lately, old]))


def test_a_proposer_is_muted_after_reverts():
    """Only that one, and only until they are old."""
    reverts = [past("Reverted", ago(hours=hours)) for hours in (23, 22, 20)]

    assert "ProposerMuted" == reason(case(past=reverts))
    assert "" == reason(case(past=reverts, proposer="jane"))
    assert "" == reason(case(past=reverts, now=NOW + dt.timedelta(hours=1)))
