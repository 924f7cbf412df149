"""What users write: the kinds of VÉRTICE, a file each, and what is told of them."""
