"""Admission of the family: `protection` keeps clusters, `proposals` stamps who proposes."""
