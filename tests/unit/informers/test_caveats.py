"""Warnings of the API server reach whoever listens, once."""

import pytest

from informers.caveats import MOST, Caveats
from informers.request import Request

REQUEST = Request(method="PATCH", path="/api/v1/x")


def told(*answers):
    """What is told of the Warning headers of these answers."""
    caveats, found = Caveats(), []
    caveats.tell = lambda request, text: found.append((str(request), text))
    for headers in answers:
        caveats.take(REQUEST, headers)
    return [text for request, text in found if request == "PATCH /api/v1/x"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('299 - "unknown field \\"spec.foo\\""', ['unknown field "spec.foo"']),
        ('299 - "v1beta1 Widget is deprecated"', ["v1beta1 Widget is deprecated"]),
        ('299 - "one", 299 host:80 "two"', ["one", "two"]),
        ('299 - "a backslash: \\\\"', ["a backslash: \\"]),
        ("299 - unquoted", []),
        ("", []),
    ],
    ids=["quotes inside", "plain", "two in one", "backslash", "malformed", "empty"],
)
def test_the_text_is_what_people_read(header, expected):
    """The header's own dress (RFC 9111 of old, section 5.5) is taken off."""
    assert expected == told([header])


def test_each_text_is_told_once():
    """A warning comes with every request; a log of them is of no use."""
    again = ['299 - "deprecated"']

    assert ["deprecated", "another"] == told(again, again, ['299 - "another"', *again])


def test_what_is_remembered_is_bounded():
    """A policy that names the object in its text makes as many texts as there are objects."""
    first = '299 - "text 0"'
    many = [f'299 - "text {n}"' for n in range(MOST)]

    assert MOST + 2 == len(told(many, [first], ['299 - "more"'], [first]))


def test_without_a_listener_nothing_is_kept():
    """And nothing fails."""
    caveats = Caveats()

    caveats.take(REQUEST, ['299 - "text"'])
    heard = []
    caveats.tell = lambda _, text: heard.append(text)
    caveats.take(REQUEST, ['299 - "text"'])

    assert ["text"] == heard
