"""What comes from outside is either read or refused in one way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from informers.meta.duration import Duration
from informers.meta.errors import MetaError
from informers.meta.microtime import MicroTime, Time
from informers.meta.quantity import Quantity
from informers.meta.selectors import FieldSelector, LabelSelector

PARSERS = [
    Quantity.parse,
    Duration.parse,
    Time.parse,
    MicroTime.parse,
    LabelSelector.parse,
    FieldSelector.parse,
]
near_misses = st.text("0123456789.+-eEinumkMGTPKsh:Z(),=!<> \\\0é\u0661", max_size=12)


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__qualname__)
@settings(deadline=None)
@given(text=st.text() | near_misses)
def test_any_text_gives_a_value_or_a_meta_error(parse, text):
    """No other exception leaves a parser, and what was read can be written."""
    try:
        value = parse(text)
    except MetaError:
        return
    assert isinstance(str(value), str)
    assert value == parse(text)


@pytest.mark.parametrize("parse", PARSERS[:4], ids=lambda parse: parse.__qualname__)
@pytest.mark.parametrize("text", ["9" * 100_000, "0." + "9" * 100_000, "1s" * 50_000])
def test_endless_text_is_refused_at_once(parse, text):
    """Neither Python's limit on digits nor a slow pattern is reached."""
    with pytest.raises(MetaError) as refusal:
        parse(text)
    assert len(str(refusal.value)) < 300
