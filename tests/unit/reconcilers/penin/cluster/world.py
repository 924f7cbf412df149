"""Clusters as the tests of their children want them."""

from informers.meta import codec
from reconcilers.penin.api.operation import SecretKey
from reconcilers.penin.api.v1alpha1 import PeninOmegaClusterSpec
from reconcilers.penin.cluster.pods import Wanted


def wanted(*, secrets=None, **spec):
    """Return what the pods of cluster `a` follow from; the spec as a user writes it."""
    return Wanted(
        cluster="a",
        spec=codec.convert(spec, PeninOmegaClusterSpec),
        secrets=secrets or {},
        configs={},
        redis_password=SecretKey(name="a-redis", key="redis-password"),
    )
