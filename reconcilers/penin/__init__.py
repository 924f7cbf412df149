"""The penin family: its API types, a folder per kind, and its registration in `family`."""
