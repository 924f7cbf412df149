"""Rules for names and labels against apimachinery's recorded answers."""

import pytest

from informers.meta import names
from tests.unit.informers.meta.recorded import differences

RULES = [
    names.dns1123_label,
    names.dns1123_subdomain,
    names.dns1035_label,
    names.label_key,
    names.label_value,
]


def test_every_recorded_text_is_judged_as_go_does():
    """The five rules agree on what is valid."""

    def answer(text):
        return [not rule(text) for rule in RULES]

    assert [] == list(differences("names", "names", answer))


@pytest.mark.parametrize(
    ("rule", "text", "problems"),
    [
        (names.dns1123_label, "", ("must not be empty",)),
        (names.dns1123_label, "a" * 64, ("must be at most 63 characters, not 64",)),
        (
            names.dns1123_label,
            "A",
            ("must be only a-z, 0-9 and '-', with a letter or digit at both ends",),
        ),
        (names.label_key, "/a", ("before the slash: must not be empty",)),
        (names.label_value, "", ()),
    ],
    ids=["empty", "long", "capital", "no prefix", "empty value"],
)
def test_problems_are_told_in_words(rule, text, problems):
    """Each problem is a clause to put behind the field's name."""
    assert problems == rule(text)
