"""What can go wrong with a local cluster.

ClusterError                 every message is one line for people and names the remedy
├── UsageError               a wrong name, version or component: exit code 2
├── MissingToolError         something this machine lacks (Go, a binary that fits)
├── BuildError               the Go client failed, or no module source answers
│   └── SlowError            it did not end in time
├── ComponentError           a component ended or never became healthy; carries its last lines
└── NotRunningError          there is no such cluster
"""


class ClusterError(Exception):
    """Base of all; `detail` is shown below the message, for instance the end of a log."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail
        if detail:
            self.add_note(detail)


class UsageError(ClusterError):
    """The command line asks for something that cannot be."""


class MissingToolError(ClusterError):
    """This machine lacks something; the message says how to get it."""


class BuildError(ClusterError):
    """A binary could not be built."""


class SlowError(BuildError):
    """The Go client did not end in time."""


class ComponentError(ClusterError):
    """A component died or did not become healthy in time."""


class NotRunningError(ClusterError):
    """The named cluster does not exist."""
