"""`make soak`: churn, faults and killed leaders for as long as it is told, then a reckoning."""
