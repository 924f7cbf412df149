"""How the stand-in behaves follows from its tag, its settings and what it is told."""

import pytest

from tests.standin.penin.behaviour import GAUGES, UNWELL, Behaviour, of


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("0.9.0", Behaviour()),
        ("0.9.1-bad", Behaviour(health=503)),
        ("crash", Behaviour(crash=True)),
        ("1.0.0-hang.1", Behaviour(hang=True)),
        ("0.9.1-errors-slow", Behaviour(errors=0.5, delay=0.2)),
        ("2-worse", Behaviour(metrics=UNWELL)),
        ("badly", Behaviour()),
    ],
)
def test_words_of_the_tag(release, expected):
    """A word counts as a whole, several add up."""
    assert expected == of(release, {})


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"budgetDailyUsd": 5.0, "caosPlus": {"maxBoost": 0.05}}, Behaviour()),
        ({"budgetDailyUsd": 0.0}, Behaviour(health=503)),
        ({"caosPlus": {"maxBoost": 0.6}}, Behaviour(errors=0.5, metrics=UNWELL)),
        ({"sigmaGuard": {"eceThreshold": 0.9}}, Behaviour(gates=("ece",))),
    ],
)
def test_settings_out_of_reason(config, expected):
    """A change of configuration can be one that has to be taken back."""
    assert expected == of("0.9.0", {"config": config})


def test_what_is_not_told_stays():
    """Changes add up."""
    told = Behaviour(health=503).changed({"errors": 0.25, "gates": ["bias"]})

    assert Behaviour(health=503, errors=0.25, gates=("bias",)) == told


@pytest.mark.parametrize(
    "asked",
    [
        {"unknown": 1},
        {"health": "503"},
        {"health": 42},
        {"errors": 2},
        {"hang": 1},
        {"metrics": {"other": 1}},
        {"metrics": {"penin_alpha": "x"}},
        {"gates": "ece"},
        {"delay": -1},
    ],
)
def test_what_cannot_be_is_refused(asked):
    """A test that asks for it has a mistake."""
    with pytest.raises(ValueError, match=next(iter(asked))):
        Behaviour().changed(asked)


def test_a_gauge_can_be_taken_away():
    """Others keep their values."""
    gauges = Behaviour(metrics={"penin_alpha": None, "penin_sr_score": 1}).gauges()

    assert {**GAUGES, "penin_sr_score": 1} == {"penin_alpha": GAUGES["penin_alpha"], **gauges}
    assert "penin_alpha" not in gauges
