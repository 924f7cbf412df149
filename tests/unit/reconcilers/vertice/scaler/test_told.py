"""A decision as it is told: in a sentence, and in numbers that lead to the same result again."""

import random

import attrs
import pytest

from controller.runtime.intent import TargetRef
from informers.meta.codec import decode, encode
from reconcilers.vertice.api.decision import DecisionStatus
from reconcilers.vertice.scaler.decision import Hourly, decide
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past, Recommendation, ScaleEvent
from reconcilers.vertice.scaler.normal import DOWN, UP, Behaviour
from reconcilers.vertice.scaler.rates import Policy
from reconcilers.vertice.scaler.told import message, replayed, told
from reconcilers.vertice.scaler.votes import Vote
from tests.unit.reconcilers.vertice.scaler.test_decision import (
    HELD,
    LONG_AGO,
    MISSING,
    NOW,
    SLOW_DOWN,
    SLOW_UP,
    asks,
    situation,
    trigger,
)

CPU = asks(7)
WEB = TargetRef("apps", "Deployment", "shop", "web")
CLOCK = "schedule 0 8 * * 1-5 (floor 5)"
FALLBACK = Vote(name="external q", note="no answer", replicas=7, is_unread=True, is_fallback=True)
ZERO = Vote(name="external q", note="no answer", replicas=0, is_unread=True)
ONE_LATELY = Past(recommendations=(Recommendation(1, NOW - 30 * SECOND),))
SLOW_UP_WINDOW = attrs.evolve(SLOW_UP, up=attrs.evolve(SLOW_UP.up, window=60 * SECOND))
NOTHING_READ = "from 1 to 2 pods: no metric can be read; there are at least 2"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (situation(5, CPU, asks(3)), "from 5 to 7 pods: cpu asks for 7"),
        (
            situation(5, asks(5)),
            "stays at 5 pods: what is measured is near enough to what is aimed at",
        ),
        (situation(9, asks(50)), "from 9 to 20 pods: cpu asks for 50; there are at most 20"),
        (situation(1, asks(1), least=2), "from 1 to 2 pods: cpu asks for 1; there are at least 2"),
        (
            situation(9, asks(3), behaviour=SLOW_DOWN, past=HELD),
            (
                "stays at 9 pods: cpu asks for 3, but 9 were asked for within the last 300 s "
                "(scaleDown window)"
            ),
        ),
        (
            situation(5, asks(12), behaviour=SLOW_UP),
            "from 5 to 7 pods: cpu asks for 12; no faster, by the policies",
        ),
        (
            situation(5, asks(12), hourly=Hourly(up=1)),
            "from 5 to 6 pods: cpu asks for 12; the hour allows no more of a change",
        ),
        (
            situation(5, asks(3), least=10, by="schedule 0 8 * * 1-5 (floor 10)"),
            "from 5 to 10 pods: by schedule 0 8 * * 1-5 (floor 10)",
        ),
        (
            situation(5, least=2),
            "from 5 to 2 pods: no entry of the schedule asks for any; there are at least 2",
        ),
        (
            situation(3, behaviour=SLOW_DOWN),
            (
                "stays at 3 pods: no entry of the schedule asks for any, but 3 were asked for "
                "within the last 300 s (scaleDown window)"
            ),
        ),
        (situation(5, least=5, by=CLOCK), f"stays at 5 pods: by {CLOCK}"),
        (
            situation(9, behaviour=SLOW_DOWN, past=HELD, least=5, by=CLOCK),
            (
                f"stays at 9 pods: {CLOCK} asks for 5, but 9 were asked for within the last 300 s "
                "(scaleDown window)"
            ),
        ),
        (
            situation(9, asks(12), behaviour=SLOW_UP_WINDOW, past=ONE_LATELY),
            (
                "stays at 9 pods: cpu asks for 12, but 1 was asked for within the last 60 s "
                "(scaleUp window)"
            ),
        ),
        (
            situation(7, FALLBACK),
            "stays at 7 pods: external q cannot be read, so the fallback's 7 hold",
        ),
        (
            situation(3, FALLBACK),
            "from 3 to 7 pods: external q cannot be read, so the fallback asks for 7",
        ),
        (
            situation(3, FALLBACK, behaviour=SLOW_UP),
            (
                "from 3 to 5 pods: external q cannot be read, so the fallback asks for 7; "
                "no faster, by the policies"
            ),
        ),
        (
            situation(3, ZERO),
            "from 3 to 1 pod: external q cannot be read, which counts as 0; there are at least 1",
        ),
        (situation(1, MISSING, least=2), NOTHING_READ),
        (
            situation(5, CPU, predicted=9),
            "from 5 to 9 pods: cpu asks for 7, what is foreseen for 9",
        ),
        (
            situation(5, CPU, predicted=30),
            "from 5 to 20 pods: cpu asks for 7, what is foreseen for 30; there are at most 20",
        ),
        (situation(5, MISSING), "stays at 5 pods: q: no answer"),
        (
            situation(5, asks(3), ready=0),
            "stays at 5 pods: no pod is ready, so what is measured says nothing of the load",
        ),
        (
            situation(1, trigger(0, active=False), least=0, active_at=LONG_AGO),
            "from 1 to 0 pods: nothing has asked for a pod for the cooldown",
        ),
        (
            situation(0, asks(3)),
            (
                "stays at 0 pods: somebody else set it to 0; to go on: "
                "kubectl scale deployment/web -n shop --replicas=1"
            ),
        ),
    ],
)
def test_a_decision_is_a_sentence(found, text):
    """Who asked for how many, and what became of it."""
    assert text == message(found, decide(found), target=WEB)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (situation(3, asks(6)), "would go from 3 to 6 pods: cpu asks for 6; held: a freeze"),
        (
            situation(3, MISSING),
            "would stay at 3 pods: q: no answer; held: a freeze",
        ),
    ],
)
def test_what_is_held_is_what_would_be_done(found, text):
    """Nobody may take it for done."""
    assert text == message(found, decide(found), target=WEB, guard="a freeze")


def test_the_command_names_a_kind_of_others_by_its_group():
    """As kubectl wants it."""
    found = situation(0, asks(3))
    target = TargetRef("widgets.example.com", "Widget", "shop", "big")

    said = message(found, decide(found), target=target)

    assert "kubectl scale widget.widgets.example.com/big -n shop --replicas=1" in said


def test_what_is_too_long_for_a_status_is_cut():
    """A query may have thousands of letters."""
    found = situation(5, asks(7), attrs.evolve(asks(7), name="external " + "x" * 9000))
    account = told(found, decide(found), target=WEB, generation=3, guard="paused")

    assert all(len(each.metric) <= 512 for each in account.proposals)
    assert (3, "paused") == (account.generation, account.guard)


@pytest.mark.parametrize("seed", range(20))
def test_a_decision_can_be_gone_through_again(seed):
    """From what is written alone, it leads to the same number."""
    chance = random.Random(seed)
    for _ in range(500):
        found = any_situation(chance)
        decision = decide(found)
        account = told(found, decision, target=WEB, generation=1)
        written = decode(encode(account), DecisionStatus)

        assert decision.replicas == replayed(written), f"seed {seed}: {found}"


@pytest.mark.parametrize("seed", range(20))
def test_what_is_foreseen_never_lowers_anything(seed):
    """Whatever else is so: there are as many pods as without it, or more, up to the most."""
    chance, raised = random.Random(seed), 0
    for _ in range(500):
        found = attrs.evolve(any_situation(chance), predicted=chance.randrange(30))
        without, decision = decide(attrs.evolve(found, predicted=None)), decide(found)

        assert decision.replicas >= without.replicas, f"seed {seed}: {found}"
        if decision.replicas > without.replicas:
            raised += 1
            assert decision.replicas <= max(found.current, found.limits.bounds.most)
            assert found.current, f"seed {seed}: {found}"
        if decision.predicted is None:
            assert decision == without, f"seed {seed}: {found}"
    assert raised


def any_situation(chance):
    """Return some situation: limits of all sorts, and a past that matters."""
    least = chance.choice([0, 0, 1, 2, 5])
    votes = [any_vote(chance) for _ in range(chance.randrange(3))]
    moments = [NOW - chance.randrange(1, 900) * SECOND for _ in range(6)]
    past = Past(
        recommendations=tuple(Recommendation(chance.randrange(25), at) for at in sorted(moments)),
        ups=tuple(ScaleEvent(chance.randrange(1, 6), at) for at in moments[:2]),
        downs=tuple(ScaleEvent(chance.randrange(1, 6), at) for at in moments[2:4]),
    )
    return situation(
        chance.randrange(25),
        *votes,
        least=least,
        most=chance.randrange(least, 21),
        by=chance.choice(["spec", "schedule 0 8 * * *"]),
        ready=chance.choice([0, 1, 9]),
        behaviour=chance.choice([None, any_behaviour(chance)]),
        past=chance.choice([Past(), past]),
        hourly=Hourly(up=chance.choice([None, 3]), down=chance.choice([None, 3])),
        is_zeroed=chance.random() < 0.5,
        active_at=chance.choice([None, NOW, LONG_AGO]),
        predicted=chance.choice([None, chance.randrange(30)]),
    )


def any_vote(chance):
    """Return what some metric says."""
    return chance.choice(
        [
            asks(chance.randrange(30)),
            asks(chance.randrange(30), is_recovering=True),
            trigger(chance.randrange(30), active=chance.random() < 0.5),
            MISSING,
            attrs.evolve(MISSING, is_left_out=True),
        ]
    )


def any_behaviour(chance):
    """Return rules of both directions."""

    def rules(base):
        policies = tuple(
            Policy(
                type=chance.choice(["Pods", "Percent"]),
                value=chance.randrange(1, 100),
                period=chance.randrange(1, 600) * SECOND,
            )
            for _ in range(chance.randrange(1, 3))
        )
        return attrs.evolve(
            base,
            window=chance.choice([0, 60, 300]) * SECOND,
            policies=policies,
            select=chance.choice(["Max", "Min", "Disabled"]),
        )

    return Behaviour(up=rules(UP), down=rules(DOWN))
