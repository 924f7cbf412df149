"""One real node: a machine made of Linux namespaces, on which pods are really run.

Everything of a node lives in namespaces of its own (network, mounts, processes, host name, control
groups), so it disturbs nothing of this machine: its firewall rules, its bridges and its mounts are
seen by nobody else, and they end with it. Pulling the plug is one SIGKILL.
"""
