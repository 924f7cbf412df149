"""What an election accepts as configuration, and what it says about the rest."""

import socket

import pytest

from controller.runtime.election.config import (
    ElectionConfig,
    ElectionConfigInvalid,
    new_identity,
)


def test_defaults_are_those_of_kubernetes_components():
    """Lease, deadline and pause default to 15, 10 and 2 seconds."""
    config = ElectionConfig(name="pentad", namespace="pentad-system")
    assert (config.lease, config.renew_deadline, config.retry) == (15, 10.0, 2.0)


def test_identity_names_the_host_and_is_never_reused():
    """Holders are told apart by host for people and by a UUID for machines."""
    first, second = new_identity(), new_identity()
    assert first.startswith(f"{socket.gethostname()}_")
    assert first != second


@pytest.mark.parametrize(
    ("durations", "reason"),
    [
        ({"lease": 10, "renew_deadline": 10.0}, "lease .* must be longer than renew_deadline"),
        ({"renew_deadline": 2.4}, "renew_deadline .* must be longer than 1.2 x retry"),
        ({"retry": 0}, "retry must be positive"),
        ({"lease": 0}, "lease must be whole seconds"),
        ({"lease": 15.5}, "lease must be whole seconds"),
        ({"name": ""}, "name must not be empty"),
        ({"namespace": ""}, "namespace must not be empty"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_unsafe_configuration_is_refused_with_the_reason(durations, reason):
    """A configuration that cannot be safe does not come into being."""
    with pytest.raises(ElectionConfigInvalid, match=reason):
        ElectionConfig(**({"name": "n", "namespace": "ns"} | durations))


def test_all_reasons_are_told_at_once():
    """Who made three mistakes reads about three."""
    with pytest.raises(ElectionConfigInvalid) as caught:
        ElectionConfig(name="", namespace="ns", lease=5, retry=9)
    assert str(caught.value).count(";") == 2
