"""VÉRTICE: workloads scaled, backed up, and failed over."""
