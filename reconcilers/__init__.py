"""One folder per product family; families never import each other."""
