"""What the API server shows, as objects: the only door to it.

Reading order: `connection` (where the server is and who we are) → `client` (requests and their
errors) → `reflector` (list and watch, kept up to date) → `store` (the raw objects, their indexes
and the overlay of our own writes) → `shared` (one reflector per kind, many handlers) → `lister`.

Nothing in here knows what a reconciler is.
"""
