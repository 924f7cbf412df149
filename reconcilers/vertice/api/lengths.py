"""Rules about lengths of time, which are texts to a schema: their form, then their bounds.

A rule that reads a text that is no length of time fails with the words of the machine that runs
it. So what is not written as one is refused for that alone, by the name of the field.
"""

from typing import Final

from informers.meta.crd import Rule

_LENGTH: Final = "^[-+]?(0|(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|\u03bcs|ms|s|m|h))+)$"


def timed(path: str, field: str, rule: str, *, message: str) -> tuple[Rule, Rule]:
    """Return what refuses a text that is no length of time, and by a rule one that is."""
    is_length = f"self.{field}.matches('{_LENGTH}')"
    form = f"{field} is a length of time such as 30s, 5m or 1h30m"
    bounded = f"!{is_length} || ({rule})"
    return (
        Rule(path=path, rule=is_length, message=form, field_path=f".{field}"),
        Rule(path=path, rule=bounded, message=message, field_path=f".{field}"),
    )
