"""The wire types of the penin family: kinds in `v1alpha1`, the blocks of a spec beside it."""
