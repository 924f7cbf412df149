"""Admission: what is decided before the API server stores it."""
