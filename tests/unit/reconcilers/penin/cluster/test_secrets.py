"""Secrets are known by hashes alone, and by those of the values that are used."""

import base64
import json

from informers.meta import codec
from reconcilers.penin.api.operation import SecretKey
from reconcilers.penin.cluster.secrets import Secret, hash_of, hashed, new_password

KEY = SecretKey(name="s", key="k")


def cached(**values):
    """Return a Secret as it is cached."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    raw = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}
    return hashed(json.dumps(raw).encode())


def test_no_value_is_kept():
    """Neither as it is nor as it came."""
    raw = cached(k="a secret")

    assert b"a secret" not in raw
    assert base64.b64encode(b"a secret") not in raw


def test_the_hash_follows_the_values_that_are_used():
    """Another key of the same Secret restarts nobody."""

    def found(**values):
        return hash_of([KEY], {"s": codec.decode(cached(**values), Secret)})

    assert found(k="1") == found(k="1", other="2")
    assert found(k="1") != found(k="2")
    assert "" == found(other="1") == hash_of([KEY], {})


def test_a_secret_without_data_is_one():
    """Somebody may fill it later."""
    raw = b'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}}'

    assert {} == codec.decode(hashed(raw), Secret).data


def test_a_password_is_made_by_chance():
    """Two are never the same, and each is long enough."""
    first, second = (new_password(KEY)["data"]["k"] for _ in range(2))

    assert first != second
    assert len(base64.b64decode(first)) >= 32
