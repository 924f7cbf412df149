"""Requests, results and the errors that mean something to a controller."""

import pytest

from controller.runtime.reconcile import (
    Postponed,
    Request,
    RuntimeFailure,
    TerminalError,
    after,
    done,
)


@pytest.mark.parametrize(
    ("key", "namespace", "name"),
    [("ns/a", "ns", "a"), ("a", "", "a"), ("ns/a.b-c", "ns", "a.b-c")],
    ids=["in a namespace", "cluster-scoped", "dots"],
)
def test_a_request_is_a_key_and_back(key, namespace, name):
    """Nothing is lost between the two, and equal keys are equal requests."""
    request = Request.of(key)

    assert (namespace, name) == (request.namespace, request.name)
    assert (key, key) == (request.key, str(request))
    assert {request} == {Request(namespace, name)}


def test_results_say_when_to_look_again():
    """Never, or in so many seconds; zero is soon and not never."""
    assert (None, 3, 0) == (done().after, after(3).after, after(0).after)
    assert done() is done()


def test_errors_carry_what_people_are_told():
    """A reason for machines with the message, and a wait where there is one; all of one root."""
    terminal, later = TerminalError("too big", reason="TooBig"), Postponed("not now", seconds=5)

    assert ("TooBig", "too big", "too big") == (terminal.reason, terminal.message, str(terminal))
    assert "Terminal" == TerminalError("x").reason
    assert (5, "not now") == (later.seconds, str(later))
    assert isinstance(terminal, RuntimeFailure)
    assert isinstance(later, RuntimeFailure)
    assert not isinstance(later, TerminalError)
