"""What kind of thing an object is, and where the API server keeps it.

A `Kind` is an identity: group, version, kind name, plural and scope. It knows how the API's paths
are made and nothing else; what a kind's objects look like is the business of its wire type.
"""

from typing import Final, Literal

import attrs

_DOTS: Final = frozenset({".", ".."})
Subresource = Literal["status", "scale", "eviction", "binding", "token", ""]


@attrs.frozen(order=True, cache_hash=True)
class Kind:
    """One resource of the API, such as `apps/v1 Deployment`."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = attrs.field(default=True, kw_only=True)
    _root: str = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Lay the path's constant part down once; it is needed for every request."""
        prefix = f"/apis/{self.group}" if self.group else "/api"
        object.__setattr__(self, "_root", f"{prefix}/{self.version}")

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """`plural.group`, the name RBAC messages and CRDs go by."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", *, subresource: Subresource = "") -> str:
        """The path of one object, or of the collection when `name` is empty.

        Raises:
            ValueError: If a name would lead elsewhere; names come from users' objects, too.
        """
        if "/" in name or "/" in namespace or name in _DOTS or namespace in _DOTS:
            raise ValueError(f"{namespace!r}, {name!r}: give the parts of a key, each without `/`")
        parts = [self._root]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            parts.append(name)
        if subresource:
            parts.append(subresource)
        return "/".join(parts)

    def __str__(self) -> str:
        return f"{self.kind}.{self.api_version}"
