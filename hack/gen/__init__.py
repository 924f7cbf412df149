"""`make generate`: CRDs, RBAC, webhook configurations and reference pages from the Python types.

Reading order: `schema` (a wire type becomes a structural schema) → `rules` (CEL rules find their
node) → `crd`, `rbac`, `webhook`, `docs` (one kind of file each) → `tree` (which files there are,
written or compared) → `__main__`.

One source, many files: whatever these modules print comes from a wire type, its `Definition` or a
`Family`; nothing is edited by hand afterwards, and `verify` fails the build when something was.
"""
