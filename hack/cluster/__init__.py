"""A real Kubernetes control plane on one machine: no root, no Docker, ready in seconds.

Reading order: `releases` (which versions) → `binaries` (found, cached or built; `build` does the
last) → `layout` and `record` (where a cluster lives and what is known of it) → `credentials` →
`components` (the command lines) → `process` (one detached process) → `cluster` (up, down, status)
→ `__main__` (the command).

Linux only: processes are told apart by what /proc says of them. Nothing here is shipped.
"""
