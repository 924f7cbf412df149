"""A place for log lines."""

import json


class Sink:
    """Keeps what is written; binary, like standard error's buffer."""

    def __init__(self, *, tty=False):
        self.written = b""
        self._tty = tty

    def write(self, data):
        """Keep."""
        self.written += data
        return len(data)

    def flush(self):
        """Nothing is held back."""

    def isatty(self):
        """Whether people read this."""
        return self._tty

    @property
    def lines(self):
        """The lines, decoded."""
        return [json.loads(line) for line in self.written.splitlines()]
