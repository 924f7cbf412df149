"""What a scaler foresees of a query, learned from its history, and how good that is."""
