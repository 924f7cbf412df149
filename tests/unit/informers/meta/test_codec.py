"""The one place that reads and writes JSON."""

import copy
import datetime as dt
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from informers.meta import codec, int64
from informers.meta.duration import Duration
from informers.meta.errors import DecodeError, NoWireType
from informers.meta.microtime import MicroTime, Time
from informers.meta.quantity import Quantity
from informers.meta.scalar import Scalar
from tests.unit.informers.meta.recorded import recorded


class Sample(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Scalars in every place a kind may have them."""

    cpu: Quantity | UnsetType = UNSET
    limits: dict[str, Quantity] | UnsetType = UNSET
    sizes: tuple[Quantity, ...] | UnsetType = UNSET
    period: Duration | UnsetType = UNSET
    created_at: Time | UnsetType = UNSET
    renewed_at: MicroTime | UnsetType = UNSET
    anything: Any = UNSET


samples = st.builds(
    Sample,
    cpu=st.builds(Quantity, st.integers(0, 10**6), st.integers(-3, 3)),
    limits=st.dictionaries(st.text(max_size=3), st.builds(Quantity, st.integers(-9, 9))),
    period=st.builds(Duration, st.integers(int64.MIN, int64.MAX)),
    created_at=st.builds(Time.of, st.datetimes(timezones=st.just(dt.UTC))),
    renewed_at=st.builds(MicroTime.of, st.datetimes(timezones=st.just(dt.UTC))),
    anything=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    ),
)


@settings(deadline=None)
@given(samples)
def test_what_is_encoded_is_decoded(sample):
    """Every scalar survives the wire, in any place."""
    assert sample == codec.decode(codec.encode(sample), Sample)
    assert sample == codec.convert(codec.to_builtins(sample), Sample)


@pytest.mark.parametrize("raw", [vector[0] for vector in recorded("quantity", "wire")])
def test_quantities_are_read_from_strings_and_numbers_as_go_does(raw):
    """The digits of a JSON number count, not the float they make."""
    (expected,) = [vector[1:] for vector in recorded("quantity", "wire") if vector[0] == raw]
    try:
        sample = codec.decode(f'{{"cpu":{raw}}}', Sample)
    except DecodeError:
        assert [] == expected
    else:
        assert expected == [codec.to_builtins(sample)["cpu"]]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('{"limits":{"cpu":"64MB"}}', r"64MB.*\$\.limits"),
        ('{"sizes":["1","x"]}', r"\$\.sizes\[1\]"),
        ('{"cpu":true}', r"\$\.cpu"),
        ('{"period":null}', r"\$\.period"),
        ('{"createdAt":"2026"}', r"\$\.createdAt"),
        ('{"cpu":', "not a valid Sample"),
    ],
)
def test_an_error_names_the_path_and_the_type(raw, path):
    """One kind of error comes out, whatever was wrong."""
    with pytest.raises(DecodeError, match=path):
        codec.decode(raw, Sample)


def test_convert_names_the_path_too():
    """Data that is decoded already gets the same errors."""
    with pytest.raises(DecodeError, match=r"not a valid Sample.*\$\.cpu"):
        codec.convert({"cpu": "x"}, Sample)


def test_null_times_are_the_zero_time_and_written_as_null():
    """Templates carry creationTimestamp: null."""
    sample = codec.decode('{"createdAt":null,"cpu":null}', Sample)
    assert sample.created_at.is_zero
    assert b'{"cpu":"0","createdAt":null}' == codec.encode(sample)


def test_numbers_of_untyped_fields_stay_numbers():
    """Remembering digits for quantities changes nothing for others."""
    tree = codec.decode('{"anything":{"a":1.50,"b":1e3,"c":7}}', Sample).anything
    assert {"a": 1.5, "b": 1000.0, "c": 7} == tree
    assert b'{"a":1.5,"b":1000.0,"c":7}' == codec.encode(tree)
    assert {"a": 1.5, "b": 1000.0, "c": 7} == copy.deepcopy(tree)


def test_decoders_are_shared():
    """One per type, built once."""
    assert codec.decoder(Sample) is codec.decoder(Sample)
    assert {"a": Quantity(1)} == codec.decode('{"a":"1"}', dict[str, Quantity])


def test_sorted_keys_give_equal_bytes_for_equal_values():
    """What digests are made of."""
    assert codec.encode({"b": 1, "a": 2}) != codec.encode({"a": 2, "b": 1})
    assert b'{"a":2,"b":1}' == codec.encode({"b": 1, "a": 2}, sort_keys=True)


def test_a_type_that_is_no_wire_type_is_a_mistake_of_the_program():
    """It is not reported as bad input."""

    class Other:
        """Neither Struct nor Scalar."""

    with pytest.raises(NoWireType, match="Struct or Scalar"):
        codec.decode("1", Other)
    with pytest.raises(NoWireType, match="Struct or Scalar"):
        codec.encode(Other())
    with pytest.raises(NoWireType, match="Struct or Scalar"):
        codec.schema_hook(Other)


def test_a_scalar_that_cannot_be_read_is_one_too():
    """Forgotten `from_wire` is found at the first value, and names the class."""

    class Half(Scalar):
        """Written only."""

    with pytest.raises(NoWireType, match=r"Half.*its from_wire"):
        codec.decode('"x"', Half)


def test_scalars_bring_their_schema():
    """Generated CRDs accept what is decoded here."""
    schema = msgspec.json.schema(Sample, schema_hook=codec.schema_hook)
    properties = schema["$defs"]["Sample"]["properties"]
    assert properties["cpu"]["x-kubernetes-int-or-string"]
    assert {"type": "string", "format": "date-time"} == properties["createdAt"]
    assert {"type": "string", "maxLength": 64} == properties["period"]
