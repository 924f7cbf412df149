"""The Widget family: kinds used by tests and benchmarks only, and the worked example of a family.

`api` holds Widget, which the benchmarks share with their Go peer; `gadget` holds a kind with every
shape a schema can have; `family` registers both. `manifests` is generated from them.
"""
