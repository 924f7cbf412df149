"""The ledger of decisions: `chain` is what it is, `entries` its objects, `writer` its volume."""
