"""VÉRTICE on the real node: a package, so that the operator its tests share ends with them."""
