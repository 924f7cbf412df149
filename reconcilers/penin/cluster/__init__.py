"""PeninOmegaCluster: `desired` for its children, `status` for what to say, `reconciler` to act."""
