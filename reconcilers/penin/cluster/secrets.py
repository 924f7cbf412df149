"""The Secrets that a cluster's pods use, as far as the operator has to know them: by a hash.

Values never stay in this program's memory: what is cached of a Secret is a hash of each value, made
while its event is read. A changed value then changes the pods that use it, and nothing else does.
"""

import base64
import hashlib
import secrets as random
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

import attrs
import msgspec
from msgspec import Struct

from informers.meta.builtin import SECRET
from informers.meta.crd import Definition
from informers.meta.object import Resource
from informers.references import Field
from informers.reflector import Source
from reconcilers.penin.api.operation import SecretKey
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.cluster.desired import digest, roles
from reconcilers.penin.cluster.pods import Wanted
from reconcilers.penin.cluster.services import REDIS, Role

OWN_KEY: Final = "redis-password"
_PASSWORD_BYTES: Final = 24


class Secret(Resource, frozen=True, kw_only=True, rename="camel"):
    """A Secret whose values are hashes already."""

    definition: ClassVar[Definition] = Definition(kind=SECRET)

    data: dict[str, str] = msgspec.field(default_factory=dict)


class _Whole(Struct, rename="camel"):
    api_version: str
    kind: str
    metadata: msgspec.Raw
    data: dict[str, str] | None = None


def hashed(raw: bytes) -> bytes:
    """Replace the values of a Secret by their hashes."""
    whole = msgspec.json.decode(raw, type=_Whole)
    whole.data = {
        key: hashlib.blake2b(value.encode(), digest_size=16).hexdigest()
        for key, value in (whole.data or {}).items()
    }
    return msgspec.json.encode(whole)


MENTIONED: Final = tuple(
    Field(SECRET, f"spec.secrets.{name}.name") for name in ("openaiApiKey", "redisPassword")
)
SECRETS: Final = Source(kind=SECRET, transform=hashed)


def names(cluster: PeninOmegaCluster) -> frozenset[str]:
    """Return the Secrets that a cluster reads."""
    secrets = cluster.spec.secrets
    return frozenset(
        {secrets.openai_api_key.name, secrets.redis_password.name, own_password(cluster).name}
    )


def own_password(cluster: PeninOmegaCluster) -> SecretKey:
    """Return where the password of Redis stands that is made when the user gives none."""
    return SecretKey(name=REDIS.child(str(cluster.metadata.name)), key=OWN_KEY)


def redis_password(cluster: PeninOmegaCluster, found: Mapping[str, Secret]) -> SecretKey:
    """Return where the password of Redis stands: the user's if there is one, else ours."""
    given = cluster.spec.secrets.redis_password
    secret = found.get(given.name)
    return given if secret is not None and given.key in secret.data else own_password(cluster)


def used_by(role: Role, *, openai: SecretKey, password: SecretKey | None) -> Iterable[SecretKey]:
    """Return the values that a part uses."""
    if role.uses_openai:
        yield openai
    if password is not None:
        yield password


def hash_of(keys: Iterable[SecretKey], found: Mapping[str, Secret]) -> str:
    """Return a hash of the values, nothing if none of them is there."""
    values = {
        f"{key.name}/{key.key}": found[key.name].data[key.key]
        for key in keys
        if key.name in found and key.key in found[key.name].data
    }
    return digest(values) if values else ""


def wanted(cluster: PeninOmegaCluster, found: Mapping[str, Secret]) -> Wanted | None:
    """Gather what the pods of a cluster follow from; None while Redis has no password yet."""
    password = redis_password(cluster, found)
    gathered = Wanted(
        cluster=str(cluster.metadata.name),
        spec=cluster.spec,
        secrets={},
        configs={},
        redis_password=password,
    )
    if gathered.has_redis and password.name not in found:
        return None
    hashes = {
        role.key: hash_of(
            used_by(
                role,
                openai=cluster.spec.secrets.openai_api_key,
                password=password if gathered.has_redis else None,
            ),
            found,
        )
        for role in roles(gathered)
    }
    return attrs.evolve(gathered, secrets=hashes)


def new_password(key: SecretKey) -> dict[str, Any]:
    """Return a Secret with a fresh password, which is made once and never again."""
    password = random.token_urlsafe(_PASSWORD_BYTES).encode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": key.name},
        "type": "Opaque",
        "data": {key.key: base64.b64encode(password).decode()},
    }
