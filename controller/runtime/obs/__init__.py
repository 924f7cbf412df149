"""What operators see of the program: logs, metrics, probes, and answers to why."""
