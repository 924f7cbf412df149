"""The command line for users: what a resource owns, how that is doing, and why."""
